import type { HorizontalPodAutoscalerCondition, MetricStatus } from '../../api/generated/autoscaling-v2.ts'
import { formatTime } from '../../env/clock.ts'
import type { Note } from '../../reconcile/change.ts'
import { MetricError, proposalOf } from './metric-proposals.ts'
import type { MetricProposal, Scene } from './metric-proposals.ts'
import { limit } from './stabilizer.ts'
import type { Memory } from './stabilizer.ts'

/** What one look at an autoscaler comes to. */
export interface Look {
  readonly conditions: readonly HorizontalPodAutoscalerCondition[]
  readonly notes: readonly Note[]
  /** What the target is to be scaled to, if to anything else than it is, and why. */
  readonly rescale?: { readonly replicas: number; readonly reason: string }
  readonly metrics: readonly MetricStatus[]
  /** Nothing could be told: the status keeps the size that was wanted before. */
  readonly failed: boolean
}

export type Conditions = readonly HorizontalPodAutoscalerCondition[]

/** Sets a condition; the time of the last transition is that of its status. */
export function setCondition(
  conditions: Conditions,
  type: string,
  status: string,
  said: { readonly reason: string; readonly message: string },
  nowMs: number,
): Conditions {
  const known = conditions.find((one) => one.type === type)
  const lastTransitionTime = known?.status === status ? known.lastTransitionTime! : formatTime(nowMs)
  const { reason, message } = said
  const next = { type, status, lastTransitionTime, reason, message }
  return known === undefined ? [...conditions, next] : conditions.map((one) => (one === known ? next : one))
}

export async function look(scene: Scene, memory: Memory): Promise<Look> {
  const { autoscaler, specReplicas: current, nowMs } = scene
  const { minReplicas = 1, maxReplicas } = autoscaler.spec!
  let conditions = setCondition(autoscaler.status?.conditions ?? [], 'AbleToScale', 'True', GOT_SCALE, nowMs)
  const base = { notes: [], metrics: [], failed: false }
  if (current === 0 && minReplicas !== 0) {
    return { ...base, conditions: setCondition(conditions, 'ScalingActive', 'False', DISABLED, nowMs) }
  }
  if (current > maxReplicas) {
    const reason = 'Current number of replicas above Spec.MaxReplicas'
    return { ...base, conditions, rescale: { replicas: maxReplicas, reason } }
  }
  if (current < minReplicas) {
    const reason = 'Current number of replicas below Spec.MinReplicas'
    return { ...base, conditions, rescale: { replicas: minReplicas, reason } }
  }
  const advice = await advise(scene)
  conditions = setCondition(conditions, 'ScalingActive', advice.active.status, advice.active, nowMs)
  const { notes, metrics } = advice
  if (advice.best === undefined) return { conditions, notes, metrics, failed: true }
  const wanted = advice.best.replicas
  const { replicas, able, limited } = limit(autoscaler, memory, current, wanted, nowMs)
  conditions = setCondition(conditions, 'AbleToScale', 'True', able, nowMs)
  conditions = setCondition(conditions, 'ScalingLimited', limited.status, limited, nowMs)
  const reason =
    wanted > current ? `${advice.best.name} above target` : wanted < current ? 'All metrics below target' : ''
  const rescale = replicas === current ? {} : { rescale: { replicas, reason } }
  return { conditions, notes, metrics, failed: false, ...rescale }
}

const GOT_SCALE = {
  reason: 'SucceededGetScale',
  message: "the HPA controller was able to get the target's current scale",
}
const DISABLED = {
  reason: 'ScalingDisabled',
  message: 'scaling is disabled since the replica count of the target is zero',
}

interface Advice {
  readonly best?: MetricProposal
  readonly active: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string }
  readonly notes: readonly Note[]
  readonly metrics: readonly MetricStatus[]
}

/** The most that any metric asks for. Where one cannot be told, fewer pods are never taken. */
async function advise(scene: Scene): Promise<Advice> {
  const { autoscaler, selector } = scene
  const warn = (reason: string, message: string): Note => ({ about: autoscaler, type: 'Warning', reason, message })
  const inactive = (reason: string, message: string) => ({ status: 'False' as const, reason, message })
  if (selector === '') {
    const notes = [
      warn('SelectorRequired', 'selector is required'),
      warn('FailedComputeMetricsReplicas', 'selector is required'),
    ]
    return { active: inactive('InvalidSelector', "the HPA target's scale is missing a selector"), notes, metrics: [] }
  }
  const contenders = scene.contenders()
  if (contenders.length > 1) {
    const why = `pods by selector ${selector} are controlled by multiple HPAs: [${contenders.join(' ')}]`
    const notes = [warn('AmbiguousSelector', why), warn('FailedComputeMetricsReplicas', why)]
    return { active: inactive('AmbiguousSelector', why), notes, metrics: [] }
  }
  const specs = autoscaler.spec?.metrics ?? []
  const results = await Promise.allSettled(specs.map((spec) => proposalOf(scene, spec)))
  const proposals = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as MetricError] : []))
  const notes = errors.map(({ said, detail }) => warn(said, detail))
  // A metric that could not be had keeps its place, empty.
  const metrics = results.map((result) => (result.status === 'fulfilled' ? result.value.status : { type: '' }))
  const best = proposals.reduce<MetricProposal | undefined>(
    (most, one) => (most === undefined || one.replicas > most.replicas ? one : most),
    undefined,
  )
  const [first] = errors
  if (best === undefined || (first !== undefined && best.replicas < scene.specReplicas)) {
    const why = `invalid metrics (${errors.length} invalid out of ${specs.length}), first error is: ${first?.message}`
    const message = `the HPA was unable to compute the replica count: ${first?.detail}`
    const all = [...notes, warn('FailedComputeMetricsReplicas', why)]
    return { active: inactive(first?.said ?? 'InvalidMetricSourceType', message), notes: all, metrics }
  }
  const message = `the HPA was able to successfully calculate a replica count from ${best.name}`
  return { best, active: { status: 'True', reason: 'ValidMetricFound', message }, notes, metrics }
}
