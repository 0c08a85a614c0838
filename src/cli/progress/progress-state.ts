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
  readonly endedMs?: number
  readonly failed?: boolean
}

/** All that a view of a run shows. */
export interface ProgressState {
  readonly stages: readonly StageState[]
  readonly workers: number
  readonly threads: number
  readonly wanted: number
  readonly retries: number
  readonly losses: number
}

export const NO_PROGRESS: ProgressState = { stages: [], workers: 0, threads: 0, wanted: 0, retries: 0, losses: 0 }

/** The state after `event`, which happened at `nowMs`. */
export function after(state: ProgressState, event: ComputeEvent, nowMs: number): ProgressState {
  switch (event.type) {
    case 'stage-started': {
      const fresh = { stage: event.stage, name: event.name, unit: 'items' as const, done: 0, startedMs: nowMs }
      return { ...state, stages: [...state.stages, fresh] }
    }
    case 'progress': {
      const { type: _, ...facts } = event
      return withStage(state, event.stage, facts)
    }
    case 'stage-ended':
      return withStage(state, event.stage, { endedMs: nowMs, failed: event.error !== undefined })
    case 'workers':
      return { ...state, workers: event.workers, threads: event.threads, wanted: event.wanted }
    case 'loss':
      return { ...state, losses: event.losses }
    case 'retry':
      return { ...state, retries: event.retries }
    case 'warning':
      return state
  }
}

function withStage(state: ProgressState, stage: number, facts: Partial<StageState>): ProgressState {
  return { ...state, stages: state.stages.map((known) => (known.stage === stage ? { ...known, ...facts } : known)) }
}
