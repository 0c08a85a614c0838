import type { StageInput, Unit } from '../dataset/stage-input.ts'
import { encodeValue } from '../wire/values.ts'
import type { TextRange, TextTask } from '../dataset/text-range.ts'
import { createTextTasks } from '../dataset/text-tasks.ts'
import type { InputFile } from '../dataset/inputs.ts'
import { readRanges } from '../dataset/inputs.ts'
import { cutCsv } from './csv-ranges.ts'
import type { FilesSource } from './files-source.ts'
import { findInputs } from './find-inputs.ts'
import type { Reachable } from './reachable.ts'
import { whichRows } from './read-columnar.ts'
import { cutRemote } from './remote-ranges.ts'

/** Files that were looked at, ready to be read as often as it takes. */
export interface OpenedFiles {
  readonly files: readonly InputFile[]
  readonly bytes: number
  input(): StageInput
}

/** Looks at the files of `source`: those that cannot be read, or that workers cannot reach, are refused here. */
export async function openFiles(source: FilesSource, reachable: Reachable): Promise<OpenedFiles> {
  const files = await findInputs(source, reachable)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  if (source.format.kind === 'parquet' || source.format.kind === 'arrow') {
    const { columnarUnits } = await import('./columnar-units.ts')
    const units = await columnarUnits(files, source.format, source.blockBytes)
    return { files, bytes, input: () => columnarInput(units, source.format as ColumnarFormat, bytes) }
  }
  const fixed = await fixedRanges(files, source)
  return { files, bytes, input: () => textInput(files, source, fixed) }
}

/** Ranges that take reading to find: they are found once. */
async function fixedRanges(
  files: readonly InputFile[],
  source: FilesSource,
): Promise<readonly TextRange[] | undefined> {
  const { format, blockBytes } = source
  if (format.kind === 'csv')
    return (await Promise.all(files.map((file) => cutCsv(file, blockBytes, format.format)))).flat()
  if (files.every(({ url }) => url === undefined)) return undefined
  return (await Promise.all(files.map((file) => cutRemote(file, isWholeFiles(format) ? Infinity : blockBytes)))).flat()
}

function textInput(
  files: readonly InputFile[],
  { format, blockBytes }: FilesSource,
  fixed: readonly TextRange[] | undefined,
): StageInput {
  const isWhole = isWholeFiles(format)
  const tasks = createTextTasks(files, blockBytes, isWhole, fixed)
  const read = readAs(format)
  let order = 0
  return {
    input: read,
    totalBytes: tasks.totalBytes,
    isExhausted: tasks.isExhausted,
    waiting: tasks.waiting,
    next(threads) {
      const ranges = tasks.next(threads)
      return ranges === undefined ? undefined : { order: order++, ranges }
    },
    encode: ({ ranges = [] }, seesFiles) => encodeText({ ranges }, seesFiles),
    describe: describeRanges,
    sample: (units) => sampled(files, isWhole ? undefined : (fixed ?? undefined), units, read, isWhole),
  }
}

function isWholeFiles({ kind }: FilesSource['format']): boolean {
  return kind === 'whole' || kind === 'binary'
}

function readAs(format: FilesSource['format']): StageInput['input'] {
  if (format.kind === 'binary') return { kind: 'binary' }
  return { kind: 'text', ...(format.kind === 'text' ? { recordBytes: format.recordBytes } : {}) }
}

const SAMPLE_BYTES = 256 * 1024

/** Small ranges from all over the files. */
function sampled(
  files: readonly InputFile[],
  fixed: readonly TextRange[] | undefined,
  most: number,
  read: StageInput['input'],
  isWhole: boolean,
): StageInput {
  const all = fixed ?? [...createTextTasks(files, SAMPLE_BYTES * 4, isWhole).all()]
  const every = Math.max(1, Math.floor(all.length / most))
  const chosen = all.filter((_, index) => index % every === 0)
  let taken = 0
  return {
    input: read,
    totalBytes: undefined,
    isExhausted: () => taken >= chosen.length,
    next() {
      const range = chosen[taken]
      return range === undefined ? undefined : { order: taken++, ranges: [range] }
    },
    encode: ({ ranges = [] }, seesFiles) => encodeText({ ranges }, seesFiles),
    describe: describeRanges,
  }
}

type ColumnarFormat = Extract<FilesSource['format'], { readonly kind: 'parquet' | 'arrow' }>

function columnarInput(units: readonly Unit[], format: ColumnarFormat, bytes: number): StageInput {
  let taken = 0
  return {
    input: format,
    totalBytes: bytes,
    isExhausted: () => taken >= units.length,
    waiting: () => units.length - taken,
    next: () => units[taken++],
    encode: ({ ranges = [], rows }, seesFiles) =>
      encodeText({ ranges, fileBytes: ranges.at(-1)!.to, ...(rows === undefined ? {} : { rows }) }, seesFiles),
    describe: ({ ranges = [], rows }) => `${whichRows(format.kind, rows)}${ranges[0]?.path}`,
    sample(most) {
      const every = Math.max(1, Math.floor(units.length / most))
      return columnarInput(
        units.filter((_, index) => index % every === 0),
        format,
        bytes,
      )
    },
  }
}

function encodeText(task: TextTask, seesFiles: boolean): Uint8Array | Promise<Uint8Array> {
  const isReachable = task.ranges.every(({ url, shared }) => url !== undefined || shared !== undefined)
  if (seesFiles || isReachable) return encodeValue(task)
  return readRanges(task.ranges).then((bytes) => encodeValue({ ...task, bytes } satisfies TextTask))
}

export function describeRanges({ ranges = [] }: Unit): string {
  const [first, ...rest] = ranges
  if (first === undefined) return 'no input'
  const where = `bytes ${first.from} to ${first.to} of ${first.path}`
  return rest.length === 0 ? where : `${where} and ${rest.length} more files`
}
