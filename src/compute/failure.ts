import { ComputeError, TaskError } from './errors.ts'
import { reviveError } from './wire/error-record.ts'
import type { FunctionDisplay } from './wire/shipped.ts'
import type { TaskFailure } from './wire/task-failure.ts'

/** What the driver throws for a task that failed on `what`, such as `item 7`. */
export function errorOfFailure(failure: TaskFailure, what: string, display: FunctionDisplay): Error {
  if (failure.kind === 'threw') {
    return reviveError(failure.error, ({ className, message }) => new TaskError(className, message))
  }
  const where = `${display.file}:${display.line}:${display.column}`
  const message =
    `Cannot send "${failure.path}" to the driver: it is ${failure.what}, made by ${display.name || 'the function'} ` +
    `(${where}) from ${what}, expected what structured clone can carry`
  return new ComputeError('SHOAL_RESULT_CANNOT_TRAVEL', message, {
    facts: { path: failure.path, what: failure.what, file: display.file, line: display.line, column: display.column },
    hint: 'Return the data that is in it: plain objects, arrays, Maps, Sets, Dates, typed arrays',
  })
}
