import type { Environment } from '../../env/environment.ts'
import type { StageHost } from '../coordination.ts'
import type { Demand, StageDemand, WorkerDemand } from '../coordinator/demand.ts'
import type { Needs } from '../coordinator/stage.ts'
import type { ElasticLimits, ElasticPool } from './elastic-pool.ts'
import { wantedWorkers } from './wanted-workers.ts'

/** Adds workers while work waits, and lets those leave that have had nothing to do for a while. */
export interface ElasticWorkers {
  /** Work begins: the first worker need not wait for the next look. */
  work(): void
  stop(): void
}

export interface ElasticOptions {
  readonly env: Environment
  readonly pool: ElasticPool
  /** How many workers the pool has or waits for. */
  readonly pooled: () => number
  readonly coordinator: Pick<StageHost, 'demand' | 'drain'>
  readonly limits: ElasticLimits
  /** What a worker offers, for as long as none has come that says so itself. */
  readonly capacity: Needs
  /** What actors need that have no place yet. */
  readonly homeless: () => readonly Needs[]
  /** The worker of that pod is to leave: what lives there and can go elsewhere does. */
  readonly onLeaving: (pod: string) => void
}

/** Work that is there for a shorter time than this is done by the workers at hand. */
const PATIENCE_MS = 300
const LOOK_MS = 100

/** A look at demand each tenth of a second; a worker comes by `grow` and goes by draining, then `retire`. */
export function createElasticWorkers(options: ElasticOptions): ElasticWorkers {
  const { env, pool, limits } = options
  const leaving = new Set<string>()
  const idle = createIdleTimes()
  let shortSinceMs: number | undefined
  let overSinceMs: number | undefined
  let isGrowing = false
  const staying = () => options.pooled() - leaving.size
  const grow = (count: number) => {
    if (isGrowing) return
    isGrowing = true
    shortSinceMs = undefined
    pool
      .grow(count + leaving.size)
      .catch((error: Error) => env.log.warn('Cannot add workers', { count, error }))
      .finally(() => (isGrowing = false))
  }
  const leave = (pod: string) => {
    leaving.add(pod)
    options.onLeaving(pod)
    const drained = options.coordinator.drain?.(pod) ?? Promise.resolve()
    drained
      .then(() => pool.retire(pod))
      .catch((error: Error) => env.log.warn('Cannot end a worker', { pod, error }))
      .finally(() => leaving.delete(pod))
  }
  const look = () => {
    const nowMs = env.clock.monotonicMs()
    const demand = withHomeless(options.coordinator.demand?.() ?? NOTHING, options.homeless())
    const workers = demand.workers.filter(({ pod, isDraining }) => !isDraining && !leaving.has(pod))
    const wanted = wantedWorkers(demand, workers[0]?.capacity ?? options.capacity, limits)
    const longIdle = idle.look(workers, nowMs).filter(({ sinceMs }) => nowMs - sinceMs >= limits.idleMs)
    const surplus = staying() - wanted
    if (surplus < 0) {
      shortSinceMs ??= nowMs
      const isPatient = workers.length === 0 || nowMs - shortSinceMs >= PATIENCE_MS
      if (isPatient) grow(wanted)
      return
    }
    shortSinceMs = undefined
    // Those that have not come for as long go first: nothing is lost with them.
    overSinceMs = surplus > 0 ? (overSinceMs ?? nowMs) : undefined
    const isLong = overSinceMs !== undefined && nowMs - overSinceMs >= limits.idleMs
    const toCome = isLong ? Math.max(0, Math.min(surplus, staying() - workers.length)) : 0
    if (toCome > 0) grow(staying() - toCome)
    for (const { pod } of longIdle.slice(0, surplus - toCome)) leave(pod)
  }
  let timer = env.timers.after(LOOK_MS, tick, { background: true })
  function tick() {
    look()
    timer = env.timers.after(LOOK_MS, tick, { background: true })
  }
  return {
    work() {
      if (staying() === 0) grow(Math.min(limits.max, 1 + limits.spare))
    },
    stop: () => timer.cancel(),
  }
}

const NOTHING: Demand = { stages: [], workers: [] }

function withHomeless(demand: Demand, homeless: readonly Needs[]): Demand {
  if (homeless.length === 0) return demand
  const stages = homeless.map((needs): StageDemand => ({ name: 'actor', priority: 0, needs, running: 0, waiting: 1 }))
  return { ...demand, stages: [...demand.stages, ...stages] }
}

/** Since when workers have nothing to do, those first that have had nothing for longest. */
function createIdleTimes() {
  const since = new Map<string, number>()
  return {
    look(workers: readonly WorkerDemand[], nowMs: number) {
      const idle = new Set(workers.filter(({ busy, isHolding }) => busy === 0 && !isHolding).map(({ pod }) => pod))
      for (const pod of since.keys()) if (!idle.has(pod)) since.delete(pod)
      for (const pod of idle) if (!since.has(pod)) since.set(pod, nowMs)
      return Array.from(since, ([pod, sinceMs]) => ({ pod, sinceMs })).sort(
        (left, right) => left.sinceMs - right.sinceMs,
      )
    },
  }
}
