import { ComputeError, TaskError } from './errors.ts'
import { reviveError } from './wire/error-record.ts'
import type { CauseRecord, ErrorRecord } from './wire/error-record.ts'
import type { Shipment } from './wire/shipped.ts'
import type { TaskFailure } from './wire/task-failure.ts'
import { userStack } from './wire/user-stack.ts'

/** What the driver throws for a task of `shipments` that failed on `what`, such as `item 7`. */
export function errorOfFailure(failure: TaskFailure, what: string, shipments: readonly Shipment[]): Error {
  if (failure.kind === 'threw') {
    const files = new Set(shipments.flatMap(({ code }) => code.map(({ file }) => file)))
    return reviveError(
      withUserStack(failure.error, files),
      ({ className, message }) => new TaskError(className, message),
    )
  }
  const display = shipments.at(-1)?.shipped.display ?? { name: '', file: '', line: 0, column: 0 }
  const where = `${display.file}:${display.line}:${display.column}`
  const message =
    `Cannot send "${failure.path}" to the driver: it is ${failure.what}, made by ${display.name || 'the function'} ` +
    `(${where}) from ${what}, expected what structured clone can carry`
  return new ComputeError('SHOAL_RESULT_CANNOT_TRAVEL', message, {
    facts: { path: failure.path, what: failure.what, file: display.file, line: display.line, column: display.column },
    hint: 'Return the data that is in it: plain objects, arrays, Maps, Sets, Dates, typed arrays',
  })
}

/** Frames of the worker program say nothing to whoever wrote the function. */
function withUserStack(record: ErrorRecord, files: ReadonlySet<string>): ErrorRecord {
  const cause = (inner: CauseRecord): CauseRecord =>
    'error' in inner ? { error: withUserStack(inner.error, files) } : inner
  return {
    ...record,
    stack: userStack(record.stack, files),
    ...(record.cause === undefined ? {} : { cause: cause(record.cause) }),
    ...(record.errors === undefined ? {} : { errors: record.errors.map(cause) }),
  }
}
