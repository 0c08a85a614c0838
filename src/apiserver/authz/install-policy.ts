import type { Draft } from '../../api/draft.ts'
import type { KubeObject } from '../../api/object.ts'
import { trackUpdate } from '../../api/patch/managed-fields.ts'
import { prepareForCreate } from '../../api/strategy/prepare.ts'
import { formatTime } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { deepFreeze } from '../../store/freeze.ts'
import type { Mutation, Store } from '../../store/store.ts'
import { settleEmpties } from '../verbs/conversion.ts'
import { decodeBody } from '../verbs/decode-body.ts'
import { storageKey } from '../verbs/get.ts'
import { defaultsFor } from '../verbs/kind-rules.ts'
import type { Catalog, ServedResource } from '../verbs/served-resource.ts'
import { bootstrapPolicy } from './bootstrap-policy.ts'
import type { BootstrapObject } from './bootstrap-policy.ts'

const GROUP = 'rbac.authorization.k8s.io'
const VERSION = 'v1'

/** The kind of each resource; roles come before what binds them. */
const KINDS = {
  clusterroles: 'ClusterRole',
  clusterrolebindings: 'ClusterRoleBinding',
  roles: 'Role',
  rolebindings: 'RoleBinding',
} as const

/**
 * Creates those of the bootstrap roles and bindings that are missing; what somebody has changed stays. They are written
 * together, so that a new store flushes once; each has a revision of its own, as if created by a request.
 */
export async function installPolicy(store: Store, catalog: Catalog, environment: Environment): Promise<void> {
  prepared ??= bootstrapPolicy().map((one) => prepare(catalog, one))
  const head = store.head()
  const time = formatTime(environment.clock.now())
  const missing = prepared.filter(({ storage, key }) => head.get(storage, key) === undefined)
  await Promise.all(missing.map((one) => store.commit([creationOf(one, environment, time)])))
}

interface Prepared {
  readonly storage: string
  readonly key: string
  /** As a request would have it stored, apart from uid and times. */
  readonly object: KubeObject
}

/** The same for every cluster of this process, which share the frozen parts: they are more than a hundred. */
let prepared: readonly Prepared[] | undefined

function prepare(catalog: Catalog, { resource: plural, name, namespace, labels, ...rest }: BootstrapObject): Prepared {
  const resource = catalog.find(GROUP, VERSION, plural)
  if (resource === undefined) throw new Error(`Cannot install the policy: "${plural}.${GROUP}" is not served`)
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  }
  const value = { apiVersion: `${GROUP}/${VERSION}`, kind: KINDS[plural], metadata, ...rest }
  const object = deepFreeze(created(resource, value))
  return { storage: resource.storage, key: storageKey(object.metadata as { name: string }), object }
}

/** The steps of a creation that change what is sent, for resources that no admission touches. */
function created(resource: ServedResource, value: object): KubeObject {
  const object: Draft<KubeObject> = decodeBody({ user: { name: '', groups: [] }, warn: () => {} }, resource, { value })
  defaultsFor(resource, object)
  trackUpdate(resource.schema(), object, undefined, { manager: 'kube-apiserver', hasStatus: false, time: '' })
  prepareForCreate(resource.type, object)
  settleEmpties(resource, object)
  return object
}

function creationOf({ storage, key, object }: Prepared, { random }: Environment, time: string): Mutation {
  const { metadata } = object
  const managedFields = metadata.managedFields?.map((entry) => ({ ...entry, time }))
  const own = { uid: random.uuid(), creationTimestamp: time, ...(managedFields && { managedFields }) }
  return { type: 'create', resource: storage, key, object: { ...object, metadata: { ...metadata, ...own } } }
}
