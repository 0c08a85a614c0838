import type { LossRecord } from './coordinator/loss.ts'

/** Every code of this family and what it says. The documentation lists the same. */
export const COMPUTE_ERROR_CODES = {
  SHOAL_NO_FILE: 'No file matches what was to be read',
  SHOAL_UNREADABLE: 'A file cannot be read',
  SHOAL_FILE_CHANGED: 'A file changed while it was read',
  SHOAL_LINE_TOO_LONG: 'A line is longer than a block may be',
  SHOAL_MALFORMED: 'A record of a file is not what its format says',
  SHOAL_UNREACHABLE: 'Workers cannot reach what a dataset is to read or write',
  SHOAL_UNWRITABLE: 'Records cannot be written',
  SHOAL_OUTPUT_EXISTS: 'There is something already where a dataset is to be written',
  SHOAL_SCRATCH: 'A worker cannot keep what it made on its disk',
  SHOAL_SCRATCH_FULL: "A worker's disk is full",
  SHOAL_GROUP_TOO_LARGE: "A group does not fit into the memory of a worker's thread",
  SHOAL_NOT_REPEATABLE: 'Lost parts of a dataset came out otherwise when they were made again',
  SHOAL_DATASET: 'A dataset is put together in a way that cannot run',
  SHOAL_NO_REPLAY: 'A failed task that is to be run again was not kept',
  SHOAL_TASK_TIMEOUT: 'An attempt at a call took longer than its task allows',
  SHOAL_DEADLINE: 'A call was not done by its deadline',
  SHOAL_CANCELLED: 'A call was cancelled, or what it waited for was',
  SHOAL_CIRCLE: 'A call would wait for itself, by way of others',
  SHOAL_INPUT_FAILED: 'A call cannot run because another, whose result it takes, has failed',
  SHOAL_NO_ROOM: 'No worker can ever hold what a task or actor needs',
  SHOAL_ACTOR_LOST: 'An actor is gone, or a call was with it when it was lost',
  SHOAL_ACTOR_NAME: 'An actor of that name lives already',
  SHOAL_OBJECT_GONE: 'An object that was put into a session is no longer there',
  SHOAL_ARGUMENT_CANNOT_TRAVEL: 'An argument holds something that cannot be sent from driver to worker',
  SHOAL_UNKNOWN_TASK: 'A worker submitted a task that the session does not know',
  SHOAL_TASK_FAILED: 'The function threw an error of a class that the driver does not know',
  SHOAL_RESULT_CANNOT_TRAVEL: 'A result holds something that cannot be sent from worker to driver',
  SHOAL_ITEM_CANNOT_TRAVEL: 'An item holds something that cannot be sent from driver to worker',
  SHOAL_WORKER_LOST: 'A task ended its worker each time it was tried',
  SHOAL_NO_WORKERS: 'No worker could be started in the time allowed',
  SHOAL_NO_COORDINATOR: 'The coordinator could not be started in the time allowed, or was lost for good',
  SHOAL_NODE_VERSION: 'The image of the pods has another version of Node than the driver',
  SHOAL_LINK_LOST: 'The link to the coordinator was cut for longer than a run can do without',
  SHOAL_RUN_EXISTS: 'A run of that name has a driver already',
  SHOAL_RUN_DELETED: 'The run was deleted while it ran',
  SHOAL_ARRAY_JOB: 'An array job cannot be started or followed',
  SHOAL_ARRAY_JOB_FAILED: 'Indexes of an array job failed for good',
  SHOAL_PIPELINE: 'A pipeline is put together in a way that cannot run',
  SHOAL_STEP_FAILED: 'A step of a pipeline failed',
  SHOAL_CLOSED: 'The session was closed while something still ran, or is used after that',
} as const

export type ComputeErrorCode = keyof typeof COMPUTE_ERROR_CODES

export interface ComputeErrorOptions {
  readonly hint?: string
  readonly cause?: unknown
  readonly facts?: Readonly<Record<string, unknown>>
}

/** What goes wrong in computing, for authors of programs: a stable `code`, the facts as fields, and what to do next. */
export class ComputeError extends Error {
  override readonly name: string = 'ComputeError'
  readonly code: ComputeErrorCode
  readonly hint: string | undefined
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: ComputeErrorCode, message: string, options: ComputeErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.facts = options.facts ?? {}
  }
}

/** An error that a user's function threw whose class the driver does not know; it has the class' name and its fields. */
export class TaskError extends Error {
  override readonly name: string
  readonly code = 'SHOAL_TASK_FAILED' satisfies ComputeErrorCode
  readonly className: string

  constructor(className: string, message: string) {
    super(message)
    this.name = className
    this.className = className
  }
}

/** A task that ended its worker each time, with what is known of each loss. */
export class WorkerLostError extends ComputeError {
  override readonly name = 'WorkerLostError'
  readonly losses: readonly LossRecord[]

  constructor(message: string, hint: string, losses: readonly LossRecord[]) {
    super('SHOAL_WORKER_LOST', message, { hint })
    this.losses = losses
  }
}
