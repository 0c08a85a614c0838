import type { Draft } from '../../api/draft.ts'
import type { Pod, PodSpec, ServiceAccount, Volume } from '../../api/generated/core-v1.ts'
import { randomSuffix } from '../../env/random.ts'
import { deepFreeze } from '../../store/freeze.ts'
import { forbidden } from '../verbs/failure.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const MIRROR = 'kubernetes.io/config.mirror'

/** Every pod runs as a service account that exists, with its token mounted unless pod or account say no. */
export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  resources: ['pods'],
  operations: ['CREATE'],
  mutate(request) {
    const pod = request.object as Draft<Pod>
    const { spec, metadata } = pod
    if (spec === undefined || metadata.annotations?.[MIRROR] !== undefined) return
    spec.serviceAccountName ||= 'default'
    spec.serviceAccount = spec.serviceAccountName
    const account = accountOf(request, spec.serviceAccountName)
    const automount = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
    if (automount) mountToken(request, spec)
    if (account.imagePullSecrets !== undefined && (spec.imagePullSecrets ?? []).length === 0) {
      spec.imagePullSecrets = account.imagePullSecrets.map((one) => ({ ...one }))
    }
  },
}

function accountOf({ head, namespace = '', resource, name }: AdmissionRequest, account: string): ServiceAccount {
  const found = head.get('serviceaccounts', `${namespace}/${account}`)
  if (found !== undefined) return found.object as ServiceAccount
  const missing = `serviceaccount "${account}" not found`
  throw forbidden(resource.type, name, `error looking up service account ${namespace}/${account}: ${missing}`)
}

/** Adds one projected volume, mounted into each container that has nothing at that path. */
function mountToken({ environment }: AdmissionRequest, spec: Draft<PodSpec>): void {
  const existing = spec.volumes?.find((one) => one.name.startsWith('kube-api-access-'))
  const name = existing?.name ?? `kube-api-access-${randomSuffix(environment.random)}`
  let needed = false
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (container.volumeMounts?.some((mount) => mount.mountPath === MOUNT_PATH)) continue
    container.volumeMounts = [...(container.volumeMounts ?? []), { mountPath: MOUNT_PATH, name, readOnly: true }]
    needed = true
  }
  if (needed && existing === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)]
}

/** The same for every pod, so all of them share it: it would be a tenth of what a small pod takes of memory. */
const TOKEN_SOURCES = deepFreeze([
  { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
  { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
  {
    downwardAPI: {
      items: [{ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' }, path: 'namespace' }],
    },
  },
])

function tokenVolume(name: string): Draft<Volume> {
  return { name, projected: { defaultMode: 420, sources: TOKEN_SOURCES } } as unknown as Draft<Volume>
}
