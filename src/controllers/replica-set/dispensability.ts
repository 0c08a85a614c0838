import type { Pod } from '../../api/generated/core-v1.ts'
import { deletionCostOf } from '../../api/meta/deletion-cost.ts'
import { isActive, isReady } from '../pod-phase.ts'

/**
 * So many of the active pods that a set can spare most, by Kubernetes' rules (`ActivePodsWithRanks`): unbound, pending, not ready, cheap
 * to delete, on a node with many pods of the same owner (`related`), ready for a shorter time, restarted more often, younger. Times count
 * by their order of magnitude, so that not always the youngest goes.
 */
export function mostDispensable(active: readonly Pod[], related: readonly Pod[], count: number, nowMs: number): Pod[] {
  if (count >= active.length) return [...active]
  const onNode = new Map<string, number>()
  for (const pod of related.filter(isActive)) onNode.set(nodeOf(pod), (onNode.get(nodeOf(pod)) ?? 0) + 1)
  const doubled = (pod: Pod) => onNode.get(nodeOf(pod)) ?? 0
  const order = (a: Pod, b: Pod) =>
    Number(nodeOf(a) !== '') - Number(nodeOf(b) !== '') ||
    phaseRank(a) - phaseRank(b) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    costOf(a) - costOf(b) ||
    doubled(b) - doubled(a) ||
    (isReady(a) ? shorter(a, b, readySince(a), readySince(b), nowMs) : 0) ||
    mostRestarts(b, 'containerStatuses') - mostRestarts(a, 'containerStatuses') ||
    mostRestarts(b, 'initContainerStatuses') - mostRestarts(a, 'initContainerStatuses') ||
    shorter(a, b, a.metadata.creationTimestamp, b.metadata.creationTimestamp, nowMs)
  return active.toSorted(order).slice(0, count)
}

const nodeOf = ({ spec }: Pod) => spec?.nodeName ?? ''
const phaseRank = ({ status }: Pod) => ({ Pending: 0, Unknown: 1, Running: 2 })[status?.phase ?? 'Pending'] ?? 2

/** What is no number costs nothing. */
const costOf = ({ metadata }: Pod) => deletionCostOf(metadata.annotations) ?? 0

function readySince({ status }: Pod): string | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime
}

/** Of restartable init containers and containers apart. */
function mostRestarts({ status }: Pod, which: 'containerStatuses' | 'initContainerStatuses'): number {
  return (status?.[which] ?? []).reduce((most, { restartCount }) => Math.max(most, restartCount), 0)
}

/** Below zero where `a` has been so for the shorter time; where both times are about as long the uid decides. */
function shorter(a: Pod, b: Pod, one = '', other = '', nowMs: number): number {
  if (one === other) return 0
  if (one === '' || other === '') return one === '' ? -1 : 1
  return magnitude(one, nowMs) - magnitude(other, nowMs) || ((a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1)
}

function magnitude(since: string, nowMs: number): number {
  const nanoseconds = (nowMs - Date.parse(since)) * 1e6
  return nanoseconds > 0 ? Math.trunc(Math.log2(nanoseconds)) : -1
}
