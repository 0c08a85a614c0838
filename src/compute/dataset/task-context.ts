/** What operators may know of the task that runs. One for each thread and stage, begun anew with each task. */
export interface TaskContext {
  /** Where in its source the text lies that is read at present: for naming what is malformed. */
  readonly position: SourcePosition
  /** A malformed record was left out, or so many. */
  skipped(example: string, count?: number): void
  /** The next number from 0 to 1 of the task's own sequence, the same each time that the task runs. */
  random(seed: number): number
  /** The place of the next record in the whole dataset. */
  nextIndex(): number
  /** Makes Arrow tables of records. */
  arrow(): (records: unknown[]) => unknown
}

export interface SourcePosition {
  path: string
  /** Where the file itself can be read here. */
  file: string | undefined
  /** In bytes of the file, where the text begins that was handed to the operators last. */
  offset: number
  /** The columns that the file's own header names. */
  columns: readonly string[] | undefined
}

/** What a task tells of beside its result. */
export interface TaskNotes {
  readonly skipped: number
  /** The first of them, described. */
  readonly example: string
}

export interface TaskState extends TaskContext {
  begin(order: number, firstIndex: number): void
  notes(): TaskNotes | undefined
}

export function createTaskState(arrow: TaskContext['arrow']): TaskState {
  const position: SourcePosition = { path: '', file: undefined, offset: 0, columns: undefined }
  let skipped = 0
  let example = ''
  let order = 0
  let index = 0
  let random: (() => number) | undefined
  return {
    position,
    arrow,
    begin(taskOrder, firstIndex) {
      order = taskOrder
      index = firstIndex
      random = undefined
      skipped = 0
    },
    notes: () => (skipped === 0 ? undefined : { skipped, example }),
    skipped(what, count = 1) {
      if (skipped === 0) example = what
      skipped += count
    },
    random: (seed) => (random ??= mulberry32(seed ^ Math.imul(order + 1, 0x9e3779b1)))(),
    nextIndex: () => index++,
  }
}

/** Mulberry32 of Tommy Ettinger: 32 bits of state, which is enough for drawing samples. */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
