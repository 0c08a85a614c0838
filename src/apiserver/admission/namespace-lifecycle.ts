import type { Namespace } from '../../api/generated/core-v1.ts'
import { apiError } from '../../api/meta/status.ts'
import { forbidden } from '../verbs/failure.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public'])

/** Nothing is created in a namespace that does not exist or is going; the system's own namespaces stay. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  resources: 'all',
  operations: ['CREATE', 'DELETE'],
  mutate: refuseWithoutNamespace,
  validate(request) {
    // Others may have ended the namespace while webhooks were asked.
    refuseWithoutNamespace(request)
    const { operation, resource, name } = request
    if (operation !== 'DELETE' || resource.storage !== 'namespaces' || !IMMORTAL.has(name)) return
    throw forbidden(resource.type, name, 'this namespace may not be deleted')
  },
}

function refuseWithoutNamespace({ operation, namespace, resource, head, name }: AdmissionRequest): void {
  if (operation !== 'CREATE' || namespace === undefined || resource.storage === 'namespaces') return
  const found = head.get('namespaces', namespace)?.object as Namespace | undefined
  if (found === undefined) {
    throw apiError('NotFound', `namespaces "${namespace}" not found`, { name: namespace, kind: 'namespaces' })
  }
  if (found.status?.phase !== 'Terminating' && found.metadata.deletionTimestamp === undefined) return
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const message = `namespace ${namespace} is being terminated`
  throw forbidden(resource.type, name, why, [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }])
}
