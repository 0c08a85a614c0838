import type { Namespace, NamespaceCondition } from '../../api/generated/core-v1.ts'
import { namespaces } from '../../api/generated/resources.ts'
import { groupResourceOf } from '../../api/resource-type.ts'
import { formatTime } from '../../env/clock.ts'
import type { Change } from '../../reconcile/change.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { conditionsOf } from './conditions.ts'
import type { Remaining } from './remaining.ts'

/** The finalizer in a namespace's spec that this controller takes away at the end. */
export const NAMESPACE_FINALIZER = 'kubernetes'

/** How soon a namespace whose contents linger (finalizers of others) is looked at again. Pods are heard of sooner. */
const LINGERING_MS = 1000

/**
 * The next step in deleting a namespace: pods first, so that nothing that they use goes under their feet (Kubernetes' ordered
 * deletion), then everything else, then the finalizer.
 */
export function decideNamespace(namespace: Namespace, remaining: readonly Remaining[], nowMs: number): Decision {
  if (remaining.length === 0) return finalize(namespace, nowMs)
  const podsLeft = remaining.filter(({ type }) => groupResourceOf(type) === 'pods')
  const inTurn = podsLeft.length > 0 ? podsLeft : remaining
  const name = namespace.metadata.name!
  const deletions = inTurn
    .filter(({ items }) => items.some((item) => item.metadata.deletionTimestamp === undefined))
    .map(({ type }) => ({ verb: 'deleteCollection', type, namespace: name }) as const)
  // As long as there are pods Kubernetes does not count what is left.
  const status = conditionsOf(podsLeft.length > 0 ? [] : remaining, formatTime(nowMs))
  const changes: Change[] = [{ verb: 'together', changes: deletions }, ...writeConditions(namespace, status)]
  return { changes, requeueAfterMs: deletions.length > 0 ? 1 : LINGERING_MS }
}

function finalize(namespace: Namespace, nowMs: number): Decision {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((finalizer) => finalizer !== NAMESPACE_FINALIZER)
  if (finalizers.length === (namespace.spec?.finalizers ?? []).length) return { changes: [] }
  const { resourceVersion: _, ...metadata } = namespace.metadata
  const object: Namespace = { ...namespace, metadata, spec: { ...namespace.spec, finalizers } }
  const conditions = conditionsOf([], formatTime(nowMs))
  // Kubernetes says that all is gone only where it said before that something was left.
  const said = namespace.status?.conditions === undefined ? [] : writeConditions(namespace, conditions)
  return { changes: [...said, { verb: 'update', type: namespaces, object, subresource: 'finalize' }] }
}

function writeConditions(namespace: Namespace, conditions: readonly NamespaceCondition[]): Change[] {
  const known = namespace.status?.conditions ?? []
  const next = conditions.map((condition) => {
    const before = known.find(({ type }) => type === condition.type)
    const isSame = before?.status === condition.status && before.message === condition.message
    return isSame ? before : condition
  })
  if (namespace.status?.phase === 'Terminating' && next.every((condition) => known.includes(condition))) return []
  const others = known.filter(({ type }) => !next.some((condition) => condition.type === type))
  const status = { ...namespace.status, phase: 'Terminating', conditions: [...others, ...next] }
  return [{ verb: 'update', type: namespaces, object: { ...namespace, status } as Namespace, subresource: 'status' }]
}
