import { hasReason } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Catalog } from '../verbs/served-resource.ts'
import type { RequestContext } from '../verbs/request.ts'
import type { Verbs } from '../verbs/verbs.ts'
import { bootstrapPolicy } from './bootstrap-policy.ts'
import type { BootstrapObject } from './bootstrap-policy.ts'

const GROUP = 'rbac.authorization.k8s.io'
const VERSION = 'v1'

const CONTEXT: RequestContext = {
  user: { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] },
  userAgent: 'kube-apiserver',
  warn: () => {},
}

/** The kind of each resource; roles come before what binds them. */
const KINDS = {
  clusterroles: 'ClusterRole',
  clusterrolebindings: 'ClusterRoleBinding',
  roles: 'Role',
  rolebindings: 'RoleBinding',
} as const

/**
 * Creates those of the bootstrap roles and bindings that are missing; what somebody has changed stays. They are written
 * together, so that a new store flushes once.
 */
export async function installPolicy(verbs: Verbs, catalog: Catalog): Promise<void> {
  const known = await Promise.all(Object.keys(KINDS).map((plural) => namesOf(verbs, catalog, plural)))
  const missing = bootstrapPolicy().filter(
    ({ resource, namespace, name }) => !known.some((names) => names.has(`${resource} ${namespace ?? ''}/${name}`)),
  )
  await Promise.all(missing.map((one) => create(verbs, catalog, one)))
}

async function namesOf(verbs: Verbs, catalog: Catalog, plural: string): Promise<ReadonlySet<string>> {
  const resource = catalog.find(GROUP, VERSION, plural)
  if (resource === undefined) return new Set()
  const { items } = await verbs.list(CONTEXT, { resource })
  return new Set(items.map(({ metadata }) => `${plural} ${metadata.namespace ?? ''}/${metadata.name ?? ''}`))
}

async function create(verbs: Verbs, catalog: Catalog, one: BootstrapObject): Promise<void> {
  const found = catalog.find(GROUP, VERSION, one.resource)
  if (found === undefined) return
  const { resource, name, namespace, labels, ...rest } = one
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  }
  const value = { apiVersion: `${GROUP}/${VERSION}`, kind: KINDS[resource], metadata, ...rest } as KubeObject
  const target = { resource: found, ...(namespace !== undefined && { namespace }) }
  await verbs.create(CONTEXT, target, { value }).catch(ignoreExisting)
}

function ignoreExisting(error: unknown): void {
  if (!hasReason(error, 'AlreadyExists')) throw error
}
