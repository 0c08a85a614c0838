import type { ComputeErrorCode } from '../errors.ts'

/** What a program on a worker says of a fault that is not the user's function's: the driver makes a ComputeError of it. */
export interface Fault {
  readonly code: ComputeErrorCode
  readonly facts: Readonly<Record<string, unknown>>
  readonly hint?: string
}

/** An error that is known by its code at the driver too. */
export function fault(
  code: ComputeErrorCode,
  message: string,
  facts: Readonly<Record<string, unknown>>,
  hint?: string,
): Error {
  const shoalFault: Fault = { code, facts, ...(hint === undefined ? {} : { hint }) }
  return Object.assign(new Error(message), { shoalFault })
}
