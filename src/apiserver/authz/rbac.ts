import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '../../api/generated/rbac-v1.ts'
import type { Commit, Snapshot, Store } from '../../store/store.ts'
import type { Attributes, Authorizer, Decision, Rules } from '../verbs/authorizer.ts'
import type { UserInfo } from '../verbs/request.ts'
import { ruleAllows } from './rule-match.ts'

/** Its members may do everything, whatever the roles say. */
const SUPERUSERS = 'system:masters'

const CLUSTER_ROLES = 'clusterroles.rbac.authorization.k8s.io'
const CLUSTER_BINDINGS = 'clusterrolebindings.rbac.authorization.k8s.io'
const ROLES = 'roles.rbac.authorization.k8s.io'
const ROLE_BINDINGS = 'rolebindings.rbac.authorization.k8s.io'

type Binding = RoleBinding | ClusterRoleBinding

/** Bindings by whom they name, such as `User ann` or `Group dev`. */
type BindingIndex = ReadonlyMap<string, readonly Bound[]>

interface Bound {
  readonly binding: Binding
  readonly subject: Subject
}

/** The index of the cluster's bindings, kept beside those of the namespaces. */
const CLUSTER = ''

/**
 * Kubernetes' role based access control over the roles and bindings in the store. What it knows is what is durable. The
 * bindings of each namespace (and the cluster's) are indexed when first asked about, and again after they changed.
 */
export function createRbacAuthorizer(store: Store): Authorizer & Disposable {
  const indexes = new Map<string, BindingIndex>()
  const stop = store.onDurable((commits) => forgetChanged(indexes, commits))
  const indexFor = (namespace: string): BindingIndex => {
    const known = indexes.get(namespace)
    if (known !== undefined) return known
    const index = indexBindings(store.durable(), namespace)
    indexes.set(namespace, index)
    return index
  }
  return {
    authorize: (attributes) => decide(store.durable(), indexFor, attributes),
    rulesFor: (user, namespace) => listRules(store.durable(), indexFor, user, namespace),
    [Symbol.dispose]: stop,
  }
}

function forgetChanged(indexes: Map<string, BindingIndex>, commits: readonly Commit[]): void {
  for (const { changes } of commits) {
    for (const { entry } of changes) {
      if (entry.resource === CLUSTER_BINDINGS) indexes.delete(CLUSTER)
      else if (entry.resource === ROLE_BINDINGS) indexes.delete(entry.object.metadata.namespace ?? CLUSTER)
    }
  }
}

function indexBindings(snapshot: Snapshot, namespace: string): BindingIndex {
  const index = new Map<string, Bound[]>()
  const range = namespace === CLUSTER ? {} : { prefix: `${namespace}/` }
  for (const { object } of snapshot.list(namespace === CLUSTER ? CLUSTER_BINDINGS : ROLE_BINDINGS, range)) {
    const binding = object as unknown as Binding
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespace)
      const bound = index.get(key) ?? []
      bound.push({ binding, subject })
      index.set(key, bound)
    }
  }
  return index
}

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind} ${name}`
  return `User system:serviceaccount:${namespace ?? bindingNamespace}:${name}`
}

function decide(snapshot: Snapshot, indexFor: (namespace: string) => BindingIndex, attributes: Attributes): Decision {
  const { user } = attributes
  if (user.groups.includes(SUPERUSERS)) return { allowed: true }
  const namespace = 'path' in attributes ? undefined : attributes.namespace
  for (const place of namespace === undefined ? [CLUSTER] : [CLUSTER, namespace]) {
    for (const bound of boundTo(indexFor(place), user)) {
      const rules = rulesOf(snapshot, bound.binding, place)
      if (rules.some((rule) => ruleAllows(rule, attributes))) return { allowed: true, reason: explain(bound, place) }
    }
  }
  return { allowed: false }
}

function* boundTo(index: BindingIndex, user: UserInfo): Iterable<Bound> {
  yield* index.get(`User ${user.name}`) ?? []
  for (const group of user.groups) yield* index.get(`Group ${group}`) ?? []
}

function rulesOf(snapshot: Snapshot, { roleRef }: Binding, namespace: string): readonly PolicyRule[] {
  const entry =
    roleRef.kind === 'ClusterRole'
      ? snapshot.get(CLUSTER_ROLES, roleRef.name)
      : snapshot.get(ROLES, `${namespace}/${roleRef.name}`)
  return (entry?.object as (Role | ClusterRole) | undefined)?.rules ?? []
}

/** By which binding, in Kubernetes' words. */
function explain({ binding, subject }: Bound, namespace: string): string {
  const { name } = binding.metadata ?? {}
  const { kind, name: role } = binding.roleRef
  const which = namespace === CLUSTER ? `ClusterRoleBinding "${name}"` : `RoleBinding "${name}/${namespace}"`
  const account = `"${subject.name}/${subject.namespace ?? namespace}"`
  const whom = subject.kind === 'ServiceAccount' ? `ServiceAccount ${account}` : `${subject.kind} "${subject.name}"`
  return `RBAC: allowed by ${which} of ${kind} "${role}" to ${whom}`
}

function listRules(
  snapshot: Snapshot,
  indexFor: (namespace: string) => BindingIndex,
  user: UserInfo,
  namespace: string,
): Rules {
  const places = namespace === '' ? [CLUSTER] : [CLUSTER, namespace]
  const rules = places.flatMap((place) =>
    // A binding counts once, however many of its subjects the user is.
    [...new Set([...boundTo(indexFor(place), user)].map(({ binding }) => binding))].flatMap((binding) =>
      rulesOf(snapshot, binding, place),
    ),
  )
  const superuser = user.groups.includes(SUPERUSERS)
  const all = superuser ? [...ALL_RULES, ...rules] : rules
  return {
    resourceRules: all.filter(({ resources }) => resources?.length).map(resourceRule),
    nonResourceRules: all
      .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs: nonResourceURLs ?? [] })),
    incomplete: false,
  }
}

const ALL_RULES: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

function resourceRule({ verbs, apiGroups, resources, resourceNames }: PolicyRule) {
  const names = resourceNames === undefined ? {} : { resourceNames }
  return { verbs, apiGroups: apiGroups ?? [], resources: resources ?? [], ...names }
}
