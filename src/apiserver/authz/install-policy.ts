import { hasReason } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Catalog } from '../verbs/served-resource.ts'
import type { RequestContext } from '../verbs/request.ts'
import type { Verbs } from '../verbs/verbs.ts'
import { aggregatedTo, BOOTSTRAP_ROLES } from './bootstrap-policy.ts'
import type { BootstrapRole } from './bootstrap-policy.ts'

const GROUP = 'rbac.authorization.k8s.io'
const VERSION = 'v1'

const CONTEXT: RequestContext = {
  user: { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] },
  userAgent: 'kube-apiserver',
  warn: () => {},
}

/**
 * Creates those of the bootstrap roles and bindings that are missing; what somebody has changed stays. They are written
 * together, so that a new store flushes once.
 */
export async function installPolicy(verbs: Verbs, catalog: Catalog): Promise<void> {
  const roles = BOOTSTRAP_ROLES.map(roleObject)
  const bindings = BOOTSTRAP_ROLES.filter(({ subjects }) => subjects !== undefined).map(bindingObject)
  await Promise.all([
    ensureAll(verbs, catalog, 'clusterroles', roles),
    ensureAll(verbs, catalog, 'clusterrolebindings', bindings),
  ])
}

async function ensureAll(
  verbs: Verbs,
  catalog: Catalog,
  plural: string,
  objects: readonly KubeObject[],
): Promise<void> {
  const resource = catalog.find(GROUP, VERSION, plural)
  if (resource === undefined) return
  const { items } = await verbs.list(CONTEXT, { resource })
  const known = new Set(items.map(({ metadata }) => metadata.name))
  const missing = objects.filter(({ metadata }) => !known.has(metadata.name))
  await Promise.all(missing.map((value) => verbs.create(CONTEXT, { resource }, { value }).catch(ignoreExisting)))
}

function ignoreExisting(error: unknown): void {
  if (!hasReason(error, 'AlreadyExists')) throw error
}

const labelsOf = (role: BootstrapRole) => ({ 'kubernetes.io/bootstrapping': 'rbac-defaults', ...role.labels })

function metadataOf(name: string, role: BootstrapRole) {
  return { name, labels: labelsOf(role), annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' } }
}

function roleObject(role: BootstrapRole): KubeObject {
  const metadata = metadataOf(role.name, role)
  // The rules are there from the start, so that a server without controllers has roles that allow something.
  const object = { apiVersion: `${GROUP}/${VERSION}`, kind: 'ClusterRole', metadata, rules: role.rules }
  if (role.aggregates === undefined) return object
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: aggregatedTo(role.aggregates) }] }
  return Object.assign(object, { aggregationRule })
}

function bindingObject(role: BootstrapRole): KubeObject {
  const metadata = metadataOf(role.bindingName ?? role.name, role)
  const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: role.name }
  const object = { kind: 'ClusterRoleBinding', metadata, roleRef, subjects: role.subjects ?? [] }
  return { apiVersion: `${GROUP}/${VERSION}`, ...object }
}
