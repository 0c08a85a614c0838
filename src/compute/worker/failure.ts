import { recordError } from '../wire/error-record.ts'
import { STATUS } from '../wire/messages.ts'
import type { TaskFailure } from '../wire/task-failure.ts'
import { encodeValue, encodeValues, pathOfUncloneable } from '../wire/values.ts'
import type { Outcome } from './program.ts'

export const CANCELLED: Outcome = { status: STATUS.cancelled, payload: new Uint8Array(0) }

/** The outcome of a task whose item `index` threw, after `done` had been made. */
export function failed(thrown: unknown, index: number, done: readonly unknown[] = []): Outcome {
  return asOutcome({ kind: 'threw', index, done: encodedOrNone(done), error: recordError(thrown) })
}

/** `values` as a task's result, or the failure that names the first of them that cannot travel. */
export function succeeded(values: readonly unknown[], nameOf: (index: number) => string): Outcome {
  try {
    return { status: STATUS.done, payload: encodeValues(values) }
  } catch (error) {
    for (let index = 0; index < values.length; index++) {
      const found = pathOfUncloneable(values[index], nameOf(index))
      if (found === undefined) continue
      return asOutcome({ kind: 'cannot travel', index, done: encodedOrNone(values.slice(0, index)), ...found })
    }
    return failed(error, 0)
  }
}

function asOutcome(failure: TaskFailure): Outcome {
  return { status: STATUS.failed, payload: encodeValue(failure) }
}

function encodedOrNone(values: readonly unknown[]): Uint8Array {
  try {
    return encodeValues(values)
  } catch {
    return encodeValues([])
  }
}
