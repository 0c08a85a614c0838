import type { PolicyRule, RoleRef, Subject } from '../../api/generated/rbac-v1.ts'
import { BOOTSTRAP_POLICY } from '../generated/bootstrap-policy.ts'
import { controllerRules } from './controller-roles.ts'
import { uncovered } from './rule-cover.ts'

/** A role or binding that every cluster has. */
export interface BootstrapObject {
  readonly resource: 'clusterroles' | 'clusterrolebindings' | 'roles' | 'rolebindings'
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly rules?: readonly PolicyRule[] | null
  readonly aggregationRule?: {
    readonly clusterRoleSelectors: readonly { readonly matchLabels: Readonly<Record<string, string>> }[]
  }
  readonly roleRef?: RoleRef
  readonly subjects?: readonly Subject[]
}

/** A rule for resources of one or more groups. */
export const allow = (verbs: string, apiGroups: string, resources: string): PolicyRule => ({
  verbs: verbs.split(' '),
  apiGroups: apiGroups.split(' ').map((name) => (name === 'core' ? '' : name)),
  resources: resources.split(' '),
})

const EVENTS = allow('create patch update', 'core events.k8s.io', 'events')
const READ = 'get list watch'

/** What our own parts do beyond what Kubernetes' need to, by the name of the role. */
function ownRules(): Readonly<Record<string, readonly PolicyRule[]>> {
  const controllers = Object.entries(controllerRules(allow, EVENTS)).map(
    ([name, rules]) => [`system:controller:${name}`, rules] as const,
  )
  return {
    ...Object.fromEntries(controllers),
    'system:kube-scheduler': [allow(READ, 'core', 'configmaps'), allow(READ, 'scheduling.k8s.io', 'priorityclasses')],
    // What a metrics server brings along; ours is built in.
    'system:aggregate-to-view': [allow(READ, 'metrics.k8s.io', 'nodes pods')],
  }
}

/**
 * The roles and bindings that Kubernetes makes when it starts, with what our own parts need beside. Roles that are aggregated
 * have their rules from the start, so that a server without controllers has roles that allow something.
 */
export function bootstrapPolicy(): readonly BootstrapObject[] {
  const recorded = BOOTSTRAP_POLICY.map((line) => JSON.parse(line) as BootstrapObject)
  const own = ownRules()
  const named = new Map(recorded.filter(isClusterRole).map((one) => [one.name, one] as const))
  const missing = Object.keys(own).filter((name) => !named.has(name))
  return [
    ...recorded.map((one) => {
      if (!isClusterRole(one)) return one
      if (one.aggregationRule !== undefined) return { ...one, rules: aggregated(one, recorded) }
      return { ...one, rules: [...(one.rules ?? []), ...uncovered(one.rules ?? [], own[one.name] ?? [])] }
    }),
    ...missing.flatMap((name) => ownRole(name, own[name] ?? [])),
  ]
}

const isClusterRole = ({ resource }: BootstrapObject) => resource === 'clusterroles'

function aggregated(role: BootstrapObject, all: readonly BootstrapObject[]): readonly PolicyRule[] {
  const labels = role.aggregationRule?.clusterRoleSelectors.flatMap(({ matchLabels }) => Object.keys(matchLabels)) ?? []
  const sources = all.filter((one) => isClusterRole(one) && labels.some((label) => one.labels?.[label] === 'true'))
  return sources.flatMap((one) => (one.aggregationRule === undefined ? (one.rules ?? []) : aggregated(one, all)))
}

/** A controller that Kubernetes does not have. */
function ownRole(name: string, rules: readonly PolicyRule[]): readonly BootstrapObject[] {
  const account = name.replace('system:controller:', '')
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace: 'kube-system' }]
  return [
    { resource: 'clusterroles', name, rules },
    { resource: 'clusterrolebindings', name, roleRef, subjects },
  ]
}
