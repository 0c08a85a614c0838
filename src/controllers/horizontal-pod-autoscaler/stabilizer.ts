import type { HorizontalPodAutoscaler, HPAScalingPolicy, HPAScalingRules } from '../../api/generated/autoscaling-v2.ts'

/** How long, unless said otherwise, no fewer pods are taken than were asked for within that time. */
const DOWN_WINDOW_MS = 300_000

/** What is remembered is bounded by the longest window and period that validation allows: an hour. */
const REMEMBERED_MS = 3_600_000

interface Sample {
  readonly atMs: number
  readonly replicas: number
}

/** What an autoscaler remembers between two looks: what it was advised, and by how much it changed. */
export interface Memory {
  advice: readonly Sample[]
  /** Changes of size, up positive. */
  changes: readonly Sample[]
}

export interface Limited {
  readonly replicas: number
  /** Of the conditions AbleToScale and ScalingLimited. */
  readonly able: { readonly reason: string; readonly message: string }
  readonly limited: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string }
}

export function emptyMemory(current: number, nowMs: number): Memory {
  return { advice: [{ atMs: nowMs, replicas: current }], changes: [] }
}

export function rememberChange(memory: Memory, from: number, to: number, nowMs: number): void {
  const recent = memory.changes.filter(({ atMs }) => atMs > nowMs - REMEMBERED_MS)
  memory.changes = [...recent, { atMs: nowMs, replicas: to - from }]
}

/** From what metrics advise to what is done: windows that smooth it, rates and bounds that limit it. Remembers the advice. */
export function limit(
  autoscaler: HorizontalPodAutoscaler,
  memory: Memory,
  current: number,
  advised: number,
  nowMs: number,
): Limited {
  const stable = stabilize(autoscaler, memory, current, advised, nowMs)
  const recent = memory.advice.filter(({ atMs }) => atMs > nowMs - REMEMBERED_MS)
  memory.advice = [...recent, { atMs: nowMs, replicas: advised }]
  const able =
    stable === advised
      ? READY_FOR_NEW_SCALE
      : autoscaler.spec!.behavior && advised >= current
        ? UP_STABILIZED
        : DOWN_STABILIZED
  const { replicas, reason, message } = bound(autoscaler, memory, current, stable, nowMs)
  const status = replicas === stable ? 'False' : 'True'
  return { replicas, able, limited: { status, reason, message } }
}

const READY_FOR_NEW_SCALE = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
const UP_STABILIZED = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
}
const DOWN_STABILIZED = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
}

/** Within the windows the lowest advice counts on the way up, and the highest on the way down. */
function stabilize(
  { spec }: HorizontalPodAutoscaler,
  { advice }: Memory,
  current: number,
  advised: number,
  nowMs: number,
): number {
  const since = (windowMs: number) =>
    advice.filter(({ atMs }) => atMs > nowMs - windowMs).map(({ replicas }) => replicas)
  const { scaleUp, scaleDown } = spec?.behavior ?? {}
  const downMs = (scaleDown?.stabilizationWindowSeconds ?? DOWN_WINDOW_MS / 1000) * 1000
  const highest = Math.max(advised, ...since(downMs))
  if (spec?.behavior === undefined) return highest
  const lowest = Math.min(advised, ...since((scaleUp?.stabilizationWindowSeconds ?? 0) * 1000))
  return Math.min(Math.max(current, lowest), highest)
}

const WITHIN = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' }
const TOO_MANY = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
}
const TOO_FEW = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
}
const UP_LIMIT = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
}
const DOWN_LIMIT = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
}

function bound({ spec }: HorizontalPodAutoscaler, memory: Memory, current: number, wanted: number, nowMs: number) {
  const { minReplicas = 1, maxReplicas, behavior } = spec!
  if (behavior === undefined) {
    const rate = Math.max(2 * current, 4)
    const most = Math.min(maxReplicas, rate)
    if (wanted < minReplicas) return { replicas: minReplicas, ...TOO_FEW }
    return wanted > most
      ? { replicas: most, ...(maxReplicas > rate ? UP_LIMIT : TOO_MANY) }
      : { replicas: wanted, ...WITHIN }
  }
  if (wanted > current) {
    const rate = Math.max(current, rateLimit(behavior.scaleUp ?? {}, 1, memory, current, nowMs))
    const most = Math.min(maxReplicas, rate)
    if (wanted > most) return { replicas: most, ...(maxReplicas > rate ? UP_LIMIT : TOO_MANY) }
  }
  if (wanted < current) {
    const rate = Math.min(current, rateLimit(behavior.scaleDown ?? {}, -1, memory, current, nowMs))
    const least = Math.max(minReplicas, rate)
    if (wanted < least) return { replicas: least, ...(minReplicas < rate ? DOWN_LIMIT : TOO_FEW) }
  }
  return { replicas: wanted, ...WITHIN }
}

const DEFAULT_UP: readonly HPAScalingPolicy[] = [
  { type: 'Pods', value: 4, periodSeconds: 15 },
  { type: 'Percent', value: 100, periodSeconds: 15 },
]
const DEFAULT_DOWN: readonly HPAScalingPolicy[] = [{ type: 'Percent', value: 100, periodSeconds: 15 }]

/** How far the policies let the number go, up (1) or down (-1), where most change is the highest number or the lowest. */
function rateLimit(
  { selectPolicy = 'Max', policies }: HPAScalingRules,
  direction: 1 | -1,
  memory: Memory,
  current: number,
  nowMs: number,
): number {
  if (selectPolicy === 'Disabled') return current
  const isUp = direction === 1
  const bounds = (policies ?? (isUp ? DEFAULT_UP : DEFAULT_DOWN)).map(({ type, value, periodSeconds }) => {
    const before = sizeBefore(memory, current, periodSeconds, nowMs)
    if (type === 'Pods') return before + direction * value
    const share = (before * (100 + direction * value)) / 100
    return isUp ? Math.ceil(share) : Math.trunc(share)
  })
  return (selectPolicy === 'Max') === isUp ? Math.max(...bounds) : Math.min(...bounds)
}

/** How many there were before the changes of the period. */
function sizeBefore({ changes }: Memory, current: number, periodSeconds: number, nowMs: number): number {
  const recent = changes.filter(({ atMs }) => atMs > nowMs - periodSeconds * 1000)
  return current - recent.reduce((sum, { replicas }) => sum + replicas, 0)
}
