import type { ErrorRecord } from './error-record.ts'

/** The payload of a result with status `failed`. */
export type TaskFailure = {
  /** Which item of the task; those before it are done, their results encoded in `done`. */
  readonly index: number
  readonly done: Uint8Array
} & (
  | { readonly kind: 'threw'; readonly error: ErrorRecord }
  | { readonly kind: 'cannot travel'; readonly path: string; readonly what: string }
)
