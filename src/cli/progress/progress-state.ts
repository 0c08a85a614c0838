import type { ComputeEvent } from '../../compute/events.ts'

/** One stage of a run, as far as it is known. */
export interface StageState {
  readonly stage: number
  readonly name: string
  readonly unit: 'items' | 'blocks'
  readonly done: number
  readonly total?: number
  readonly bytes?: number
  readonly totalBytes?: number
  readonly startedMs: number
  /** How much was done when, over the last seconds, oldest first: what the rate is taken from. */
  readonly samples: readonly Sample[]
  readonly endedMs?: number
  readonly failed?: boolean
}

export interface Sample {
  readonly ms: number
  readonly amount: number
}

/** A rate is that of so many milliseconds, looked at this often: short enough to be true now, long enough to be calm. */
const WINDOW_MS = 5_000
const SAMPLE_MS = 250

/** What a rate and the time left are counted in: bytes where they are known, else items or blocks. */
export function amountOf({ done, bytes, totalBytes }: StageState): number {
  return totalBytes !== undefined && totalBytes > 0 ? (bytes ?? 0) : done
}

/** All that a view of a run shows. */
export interface ProgressState {
  readonly stages: readonly StageState[]
  readonly workers: number
  readonly threads: number
  readonly wanted: number
  /** The most that there were at once. */
  readonly mostWorkers: number
  readonly mostThreads: number
  readonly retries: number
  readonly losses: number
  /** What the workers wait for while there is none. */
  readonly waitingFor: readonly string[]
  /** Why nothing is heard of the coordinator at present, where nothing is. */
  readonly cut?: string
}

export const NO_PROGRESS: ProgressState = {
  stages: [],
  workers: 0,
  threads: 0,
  wanted: 0,
  mostWorkers: 0,
  mostThreads: 0,
  retries: 0,
  losses: 0,
  waitingFor: [],
}

/** The state after `event`, which happened at `nowMs`. */
export function after(state: ProgressState, event: ComputeEvent, nowMs: number): ProgressState {
  switch (event.type) {
    case 'stage-started': {
      const { stage, name } = event
      const samples = [{ ms: nowMs, amount: 0 }]
      return { ...state, stages: [...state.stages, { stage, name, unit: 'items', done: 0, startedMs: nowMs, samples }] }
    }
    case 'progress': {
      const { type: _, ...facts } = event
      return withStage(state, event.stage, (known) => sampled({ ...known, ...facts }, nowMs))
    }
    case 'stage-ended':
      return withStage(state, event.stage, (known) => ({
        ...known,
        endedMs: nowMs,
        failed: event.error !== undefined,
      }))
    case 'workers':
      return withWorkers(state, event, nowMs)
    case 'loss':
      return { ...state, losses: event.losses }
    case 'retry':
      return { ...state, retries: event.retries }
    case 'waiting':
      return { ...state, waitingFor: event.reasons }
    case 'link': {
      const { cut: _, ...known } = state
      return event.cut === undefined ? known : { ...known, cut: event.cut }
    }
    case 'kept':
    case 'log':
    case 'summary':
    case 'warning':
      return state
  }
}

type WorkersEvent = Extract<ComputeEvent, { type: 'workers' }>

/** A stage that waited for its first worker is rated from then on. */
function withWorkers(state: ProgressState, { workers, threads, wanted }: WorkersEvent, nowMs: number): ProgressState {
  const isFirst = state.workers === 0
  const stages = state.stages.map((stage) =>
    isFirst && amountOf(stage) === 0 ? { ...stage, samples: [{ ms: nowMs, amount: 0 }] } : stage,
  )
  const mostWorkers = Math.max(state.mostWorkers, workers)
  return { ...state, stages, workers, threads, wanted, mostWorkers, mostThreads: Math.max(state.mostThreads, threads) }
}

function sampled(stage: StageState, nowMs: number): StageState {
  const newest = stage.samples.at(-1)
  if (newest !== undefined && nowMs - newest.ms < SAMPLE_MS) return stage
  const samples = [...stage.samples, { ms: nowMs, amount: amountOf(stage) }]
  // The newest of those before the window stays: the rate is that of the whole window.
  const from = samples.findLastIndex(({ ms }) => nowMs - ms >= WINDOW_MS)
  return { ...stage, samples: samples.slice(Math.max(0, from)) }
}

function withStage(state: ProgressState, stage: number, change: (known: StageState) => StageState): ProgressState {
  return { ...state, stages: state.stages.map((known) => (known.stage === stage ? change(known) : known)) }
}
