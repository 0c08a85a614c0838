import { fault } from '../dataset/fault.ts'
import type { Push } from '../dataset/push.ts'
import type { TaskContext } from '../dataset/task-context.ts'

/** One line of JSON Lines as a record; blank lines are none. */
export function parseJsonLine(
  line: string,
  malformed: 'fail' | 'skip',
  task: TaskContext,
  next: Push,
): void | Promise<void> {
  if (line.trim() === '') return undefined
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch (error) {
    const said = (error as Error).message
    return void malformedRecord('JSON', said, line, malformed, task)
  }
  return next(record)
}

/** Leaves a record out and counts it, or fails with its place in the file. */
export function malformedRecord(
  format: string,
  said: string,
  text: string,
  malformed: 'fail' | 'skip',
  task: TaskContext,
): void {
  const { path, offset } = task.position
  const shown = text.length > 80 ? `${text.slice(0, 80)}...` : text
  if (malformed === 'skip') return task.skipped(`${path}, after byte ${offset}: ${said}`)
  throw fault(
    'SHOAL_MALFORMED',
    `Cannot read a record of "${path}" as ${format}: ${said}, in ${JSON.stringify(shown)}`,
    { path, blockOffset: offset, text: shown },
    "Mend the record, or leave such out and count them with { malformed: 'skip' }",
  )
}
