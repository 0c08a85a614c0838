import type { Place, Task } from './stage.ts'

/** An attempt at a task that came to its end, for whoever shows what a run spends its time on. */
export interface TaskRecord {
  readonly stage: number
  readonly name: string
  readonly task: number
  readonly attempt: number
  readonly pod: string
  readonly node: string
  readonly thread: number
  /** On the wall clock of the coordinator, in milliseconds; as the worker measured it, up to its answer's way. */
  readonly endedMs: number
  /** How long its thread was at it. */
  readonly micros: number
  readonly items: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** `late`: nobody wanted what it came to any more, such as where another attempt was done first. */
  readonly outcome: 'done' | 'failed' | 'lost' | 'late'
  /** It was begun beside one that took far longer than its like. */
  readonly isSecond?: true
  /** What of the stage's work it was, such as `items 3 to 17`; absent for attempts that took less than a millisecond. */
  readonly what?: string
}

export type TaskEnd = Pick<TaskRecord, 'endedMs' | 'micros' | 'bytesOut' | 'outcome'>

const WORTH_WORDS_MICROS = 1000

export function recordOf(
  { stage, id, attempt, work, bytesIn, isSecond }: Task,
  { thread, worker }: Place,
  end: TaskEnd,
): TaskRecord {
  const { spec } = stage
  const { pod, node } = worker.facts
  const what = end.micros < WORTH_WORDS_MICROS ? {} : { what: spec.describe(work) }
  const items = spec.sizeOf(work)
  const second = isSecond ? { isSecond } : {}
  const { id: stageId } = stage
  return {
    stage: stageId,
    name: spec.name,
    task: id,
    attempt,
    pod,
    node,
    thread,
    items,
    bytesIn,
    ...end,
    ...what,
    ...second,
  }
}
