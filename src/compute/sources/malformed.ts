import { closeSync, openSync, readSync } from 'node:fs'
import { fault } from '../dataset/fault.ts'
import type { TaskContext } from '../dataset/task-context.ts'

/** A record that its format cannot read, within the text that was handed to the operators last. */
export interface Malformed {
  readonly format: string
  readonly said: string
  /** The text, and where in it the record begins and ends. */
  readonly text: string
  readonly from: number
  readonly to: number
}

const SHOWN = 80

/** Leaves a record out and counts it, or fails with its file, line and byte. */
export function malformedRecord(
  { format, said, text, from, to }: Malformed,
  malformed: 'fail' | 'skip',
  task: TaskContext,
): void {
  const { path, file } = task.position
  const offset = task.position.offset + Buffer.byteLength(text.slice(0, from))
  if (malformed === 'skip') return task.skipped(`${path} at byte ${offset}: ${said}`)
  const record = text.slice(from, to).trimEnd()
  const shown = record.length > SHOWN ? `${record.slice(0, SHOWN)}...` : record
  const line = file === undefined ? undefined : lineAt(file, offset)
  const where = line === undefined ? `byte ${offset}` : `line ${line}, byte ${offset}`
  throw fault(
    'SHOAL_MALFORMED',
    `Cannot read a record of "${path}" as ${format}: ${said}, at ${where}: ${shown}`,
    { path, offset, ...(line === undefined ? {} : { line }), record: shown },
    "Mend the record, or leave such out and count them with { malformed: 'skip' }",
  )
}

const LOOK_BYTES = 1024 * 1024
const NEWLINE = 10

/** The number of the line at a byte of a file, from 1: it is read from its beginning, once something is wrong with it. */
function lineAt(file: string, offset: number): number | undefined {
  const buffer = Buffer.allocUnsafe(LOOK_BYTES)
  let handle: number
  try {
    handle = openSync(file, 'r')
  } catch {
    return undefined
  }
  try {
    let lines = 1
    for (let at = 0; at < offset;) {
      const read = readSync(handle, buffer, 0, Math.min(LOOK_BYTES, offset - at), at)
      if (read === 0) return undefined
      const bytes = buffer.subarray(0, read)
      for (let found = bytes.indexOf(NEWLINE); found >= 0; found = bytes.indexOf(NEWLINE, found + 1)) lines++
      at += read
    }
    return lines
  } finally {
    closeSync(handle)
  }
}
