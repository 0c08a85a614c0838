import type { ClusterRole, PolicyRule } from '../../api/generated/rbac-v1.ts'
import { clusterRoles } from '../../api/generated/resources.ts'
import { semanticallyEqual } from '../../api/meta/equal.ts'
import { fromLabelSelector, matchesLabels } from '../../api/meta/label-selector.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'

/** Fills cluster roles that have an aggregation rule with the rules of all roles that it selects. */
export const clusterRoleAggregationController: Controller = {
  name: 'clusterrole-aggregation-controller',
  build(context) {
    const roles = context.informer(clusterRoles)
    const aggregated = () => roles.list().filter((role) => role.aggregationRule !== undefined)
    return {
      // Any role may be one that is selected, or was: there are few roles that aggregate.
      sources: [changesOf(roles, () => aggregated().map(({ metadata }) => metadata.name ?? ''))],
      reconcile: (key) => decideAggregation(roles.getByKey(key), roles.list()),
    }
  },
}

export function decideAggregation(role: ClusterRole | undefined, all: readonly ClusterRole[]): Decision {
  if (role?.aggregationRule === undefined || role.metadata.deletionTimestamp !== undefined) return SETTLED
  const rules = aggregatedRules(role, all)
  if (semanticallyEqual(rules, role.rules)) return SETTLED
  return { changes: [{ verb: 'update', type: clusterRoles, object: { ...role, rules } as ClusterRole }] }
}

/** The rules of the selected roles, by selector and then by name, each once. */
function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): readonly PolicyRule[] {
  const others = all.filter((one) => one.metadata.name !== role.metadata.name)
  const byName = others.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
  const rules = (role.aggregationRule?.clusterRoleSelectors ?? []).flatMap((one) => {
    const selector = fromLabelSelector(one)
    if (selector === undefined) return []
    return byName
      .filter(({ metadata }) => matchesLabels(selector, metadata.labels ?? {}))
      .flatMap((selected) => selected.rules ?? [])
  })
  return rules.filter((rule, i) => rules.findIndex((earlier) => semanticallyEqual(earlier, rule)) === i)
}
