import { markHostValue } from '../ship/host-values.ts'

/** What a function on a worker can find out of the call that it serves. */
export interface TaskContext {
  /** Aborted when the call is told to stop: cancelled, timed out, or done elsewhere first. */
  readonly signal: AbortSignal
}

/** The context of the call that runs here. Throws where none does, such as in the driver. */
export const taskContext: () => TaskContext = markHostValue(
  () => {
    throw new Error('Cannot give the context of a task: this is the driver, expected a function that runs on a worker')
  },
  { name: 'taskContext', id: '' },
)
