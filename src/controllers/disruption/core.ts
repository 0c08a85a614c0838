import type { Pod } from '../../api/generated/core-v1.ts'
import type { Condition } from '../../api/generated/meta-v1.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/generated/policy-v1.ts'
import { podDisruptionBudgets } from '../../api/generated/resources.ts'
import { jsonEqual } from '../../api/meta/equal.ts'
import type { LabelSelector } from '../../api/generated/meta-v1.ts'
import { formatTime } from '../../env/clock.ts'
import { event } from '../../reconcile/change.ts'
import type { Change } from '../../reconcile/change.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { isReady } from '../pod-phase.ts'
import { expectedOf } from './expected.ts'
import type { Expected, ScaleOf } from './expected.ts'

/** How long a pod may take to go after its eviction before it counts as staying. */
const DELETION_MS = 2 * 60_000

export interface DisruptionView {
  readonly budget: PodDisruptionBudget | undefined
  /** The pods that its selector matches. */
  readonly pods: readonly Pod[]
  readonly scaleOf: ScaleOf
}

/** Says in a budget's status how many of its pods may be evicted now. */
export function decideDisruption({ budget, pods, scaleOf }: DisruptionView, nowMs: number): Decision {
  if (budget === undefined) return SETTLED
  const said = pods.length === 0 ? [event(budget, 'Normal', 'NoPods', 'No matching pods found')] : []
  let expected: Expected
  try {
    expected = expectedOf(budget, pods, scaleOf)
  } catch (error) {
    return { changes: [...said, ...failSafe(budget, (error as Error).message, nowMs)] }
  }
  const evicted = evictedPods(budget, pods, nowMs)
  const { desiredHealthy, expectedPods } = expected
  const currentHealthy = pods.filter((pod) => isHealthy(pod, evicted.names)).length
  const allowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy)
  const changes: Change[] = [
    ...said,
    ...sayUnmanaged(budget, expected.unmanaged),
    ...evicted.late.map((pod) => sayLate(budget, pod)),
    ...writeStatus(budget, {
      conditions: withCondition(budget, allowed > 0 ? 'SufficientPods' : 'InsufficientPods', '', nowMs),
      currentHealthy,
      desiredHealthy,
      ...(evicted.names.size > 0 && { disruptedPods: Object.fromEntries(evicted.names) }),
      disruptionsAllowed: allowed,
      expectedPods,
      ...(budget.metadata.generation !== undefined && { observedGeneration: budget.metadata.generation }),
    }),
  ]
  return evicted.recheckMs === Infinity ? { changes } : { changes, requeueAfterMs: evicted.recheckMs }
}

function isHealthy(pod: Pod, evicted: ReadonlyMap<string, string>): boolean {
  return pod.metadata.deletionTimestamp === undefined && !evicted.has(pod.metadata.name!) && isReady(pod)
}

/** The pods whose eviction was granted but does not show yet, and those that should have been gone by now. */
function evictedPods(budget: PodDisruptionBudget, pods: readonly Pod[], nowMs: number) {
  const names = new Map<string, string>()
  const late: Pod[] = []
  let recheckMs = Infinity
  for (const pod of pods) {
    const time = budget.status?.disruptedPods?.[pod.metadata.name!]
    if (time === undefined || pod.metadata.deletionTimestamp !== undefined) continue
    const leftMs = Date.parse(time) + DELETION_MS - nowMs
    if (leftMs <= 0) late.push(pod)
    else {
      names.set(pod.metadata.name!, time)
      recheckMs = Math.min(recheckMs, leftMs)
    }
  }
  return { names, late, recheckMs }
}

/** A budget that cannot be worked out allows nothing, and keeps the rest of what it said. */
function failSafe(budget: PodDisruptionBudget, message: string, nowMs: number): Change[] {
  const said = `Failed to calculate the number of expected pods: ${message}`
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0, ...rest } = budget.status ?? {}
  const conditions = withCondition(budget, 'SyncFailed', message, nowMs)
  const counts = { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed: 0 }
  return [
    event(budget, 'Warning', 'CalculateExpectedPodCountFailed', said),
    ...writeStatus(budget, { ...rest, ...counts, conditions }),
  ]
}

function withCondition(
  budget: PodDisruptionBudget,
  reason: string,
  message: string,
  nowMs: number,
): readonly Condition[] {
  const known = budget.status?.conditions ?? []
  const previous = known.find(({ type }) => type === 'DisruptionAllowed')
  const status = reason === 'SufficientPods' ? 'True' : 'False'
  const isMoved = previous?.status !== status
  const generation = reason === 'SyncFailed' ? budget.status?.observedGeneration : budget.metadata.generation
  const next: Condition = {
    type: 'DisruptionAllowed',
    status,
    reason,
    message,
    lastTransitionTime: isMoved ? formatTime(nowMs) : previous.lastTransitionTime,
    ...(generation !== undefined && { observedGeneration: generation }),
  }
  return previous === undefined ? [...known, next] : known.map((one) => (one === previous ? next : one))
}

/** A selector as Go prints it, which the event repeats. */
function goText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels).sort(([a], [b]) => (a < b ? -1 : 1))
  const requirements = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  const map = labels.map(([name, value]) => `${name}: ${value},`).join('')
  return `&LabelSelector{MatchLabels:map[string]string{${map}},MatchExpressions:[]LabelSelectorRequirement{${requirements.join('')}},}`
}

function sayUnmanaged(budget: PodDisruptionBudget, unmanaged: readonly string[]): Change[] {
  if (unmanaged.length === 0) return []
  const selector = goText(budget.spec?.selector ?? {})
  const message =
    `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the ` +
    'status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods ' +
    'please set ".spec.minAvailable" field of the PDB to an integer value.'
  return [event(budget, 'Warning', 'UnmanagedPods', message)]
}

function sayLate({ metadata }: PodDisruptionBudget, pod: Pod): Change {
  const message = `Pod was expected by PDB ${metadata.namespace}/${metadata.name} to be deleted but it wasn't`
  return event(pod, 'Warning', 'NotDeleted', message)
}

function writeStatus(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Change[] {
  if (jsonEqual(budget.status, status)) return []
  const object: PodDisruptionBudget = { ...budget, status }
  return [{ verb: 'update', type: podDisruptionBudgets, object, subresource: 'status' }]
}
