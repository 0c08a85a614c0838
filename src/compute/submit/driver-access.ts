import type { Role, RoleBinding } from '../../api/generated/rbac-v1.ts'
import type { ServiceAccount } from '../../api/generated/core-v1.ts'
import { roleBindings, roles, serviceAccounts } from '../../api/generated/resources.ts'
import type { KubeObject } from '../../api/object.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { Client } from '../../client/client.ts'
import { DRIVER_ACCOUNT } from './driver-spec.ts'

/** What drivers in the cluster may do, in the namespace of their runs and nowhere else. */
export const DRIVER_RULES: NonNullable<Role['rules']> = [
  {
    apiGroups: ['shoal.dev'],
    resources: ['runs', 'runs/status'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'],
  },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'list', 'create', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'delete'] },
  { apiGroups: [''], resources: ['pods/log', 'events'], verbs: ['get', 'list'] },
]

/** Makes the account of drivers in a namespace, with its rights, where they are not there yet. */
export async function allowDrivers(client: Client, namespace: string): Promise<void> {
  const metadata = { name: DRIVER_ACCOUNT, namespace, labels: { 'app.kubernetes.io/managed-by': 'shoal' } }
  const apiGroup = 'rbac.authorization.k8s.io'
  const account: ServiceAccount = { apiVersion: 'v1', kind: 'ServiceAccount', metadata }
  const role: Role = { apiVersion: `${apiGroup}/v1`, kind: 'Role', metadata, rules: DRIVER_RULES }
  const binding: RoleBinding = {
    apiVersion: `${apiGroup}/v1`,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup, kind: 'Role', name: DRIVER_ACCOUNT },
    subjects: [{ kind: 'ServiceAccount', name: DRIVER_ACCOUNT, namespace }],
  }
  await ensure(client, serviceAccounts, account)
  await ensure(client, roles, role)
  await ensure(client, roleBindings, binding)
}

/** What is there stays as it is: somebody may have given drivers more, or less. */
async function ensure<T extends KubeObject>(client: Client, type: ResourceType<T>, object: T): Promise<void> {
  try {
    await client.create(type, object)
  } catch (error) {
    if (hasReason(error, 'AlreadyExists')) return
    const { name = '', namespace = '' } = object.metadata
    // Whoever may not make it may still use it, where somebody else has.
    const isThere = await client.get(type, { namespace, name }).then(
      () => true,
      () => false,
    )
    if (!isThere) throw error
  }
}
