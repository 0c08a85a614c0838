import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Input } from '../dataset/plan.ts'
import type { ByteSource, ColumnarFormats } from '../dataset/program-parts.ts'
import { readTask } from '../dataset/read-texts.ts'
import type { TaskContext } from '../dataset/task-context.ts'
import { identityOf } from '../dataset/text-range.ts'
import type { TextRange, TextTask } from '../dataset/text-range.ts'
import { fault } from '../dataset/fault.ts'
import type { RecordBatches } from '../shuffle/record-batches.ts'
import { fetchRange } from './fetch-range.ts'

type ColumnarInput = Extract<Input<never>, { readonly kind: 'parquet' | 'arrow' }>

/** The records of rows of a Parquet file, or of batches of an Arrow file; undefined where the worker cannot see it. */
export function readColumnar(
  input: ColumnarInput,
  task: TextTask,
  formats: ColumnarFormats,
  context: TaskContext,
): RecordBatches | undefined {
  const [range] = task.ranges
  const { rows } = task
  context.position.path = range!.path
  if (rows === undefined) return checked(wholeOf(task, formats), input.kind, task)
  const source = sourceOf(task, range!)
  if (source === undefined) return undefined
  if (input.kind === 'arrow') return checked(formats.readArrow!(source, rows), input.kind, task)
  const batches = formats.readParquet!(source, rows, input.columns)
  return checked(batches, input.kind, task, input.malformed === 'skip' ? context : undefined)
}

/** For messages: which part of a file it is. */
export function whichRows(kind: ColumnarInput['kind'], rows: TextTask['rows']): string {
  if (rows === undefined) return ''
  return `${kind === 'arrow' ? 'record batches' : 'rows'} ${rows.rowStart} to ${rows.rowEnd - 1} of `
}

/** What a library finds wrong is said with the file and the rows, or leaves these out where `skipping` is to know. */
async function* checked(
  batches: RecordBatches | undefined,
  kind: ColumnarInput['kind'],
  { ranges, rows }: TextTask,
  skipping?: TaskContext,
): RecordBatches {
  const { path } = ranges[0]!
  if (batches === undefined) return
  try {
    yield* batches
  } catch (cause) {
    if ((cause as { shoalFault?: unknown }).shoalFault !== undefined) throw cause
    const said = (cause as Error).message
    const which = whichRows(kind, rows)
    if (skipping !== undefined && rows !== undefined) {
      return skipping.skipped(`${which}${path}: ${said}`, rows.rowEnd - rows.rowStart)
    }
    const hint = `Is it complete?${kind === 'arrow' ? '' : " Row groups that cannot be read are left out with parquet({ malformed: 'skip' })"}`
    throw fault('SHOAL_MALFORMED', `Cannot read ${which}"${path}": ${said}`, { path, ...rows }, hint)
  }
}

function wholeOf(task: TextTask, formats: ColumnarFormats): RecordBatches | undefined {
  const bytes = readTask(task)
  return bytes === undefined ? undefined : loaded(bytes, task, formats)
}

async function* loaded(bytes: Buffer | Promise<Buffer>, task: TextTask, formats: ColumnarFormats): RecordBatches {
  const { from, to } = task.ranges[0]!
  const all = (await bytes).subarray(0, to - from)
  // The buffer is used again by the next task, and columns look into it.
  yield* formats.readArrowStream!(Uint8Array.from(all))
}

/** Byte ranges of the file, from wherever it is. */
function sourceOf(task: TextTask, range: TextRange): ByteSource | undefined {
  const byteLength = task.fileBytes ?? range.to
  if (task.bytes !== undefined) return sentSource(task.bytes, task.ranges, byteLength)
  if (range.url !== undefined) {
    const slice = async (start: number, end = byteLength) =>
      bufferOf(await fetchRange({ ...range, from: start, to: end }))
    return { byteLength, slice }
  }
  return fileSource(range, byteLength)
}

/** A file of which the ranges of the task have come, one after the other. */
function sentSource(bytes: Uint8Array, ranges: readonly TextRange[], byteLength: number): ByteSource {
  return {
    byteLength,
    slice(start, end = byteLength) {
      let at = 0
      for (const { from, to } of ranges) {
        if (from <= start && end <= to) return bufferOf(bytes.subarray(at + start - from, at + end - from))
        at += to - from
      }
      throw new Error(`Assertion: bytes ${start} to ${end} are wanted, which did not come with the task`)
    },
  }
}

function fileSource(range: TextRange, byteLength: number): ByteSource | undefined {
  const path = range.shared ?? range.path
  const isSame = withFile(path, (file) => {
    return range.shared !== undefined || identityOf(fstatSync(file, { bigint: true })) === range.identity
  })
  if (isSame !== true) return undefined
  return {
    byteLength,
    slice(start, end = byteLength) {
      const bytes = new Uint8Array(end - start)
      withFile(path, (file) => {
        for (let at = 0; at < bytes.byteLength;) {
          const read = readSync(file, bytes, at, bytes.byteLength - at, start + at)
          if (read === 0) throw new Error(`it ends at byte ${start + at}`)
          at += read
        }
      })
      return bytes.buffer
    },
  }
}

function withFile<R>(path: string, use: (file: number) => R): R | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    return use(file)
  } finally {
    closeSync(file)
  }
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
