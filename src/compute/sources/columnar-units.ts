import { parquetMetadataAsync } from 'hyparquet'
import type { InputFile } from '../dataset/inputs.ts'
import type { TextRange } from '../dataset/text-range.ts'
import type { Unit } from '../dataset/stage-input.ts'
import { ComputeError } from '../errors.ts'
import { arrowBlocks } from './arrow-blocks.ts'
import type { ColumnarLayout, Span } from './columnar-layout.ts'
import { identified } from './csv-ranges.ts'
import type { FileFormat } from './files-source.ts'
import { readBytes } from './read-bytes.ts'

/** Readers of Parquet begin with so many bytes from the end. */
const PARQUET_TAIL_BYTES = 1 << 19

type ColumnarFormat = Extract<FileFormat, { readonly kind: 'parquet' | 'arrow' }>

/**
 * What one task reads: row groups of Parquet, record batches of Arrow files, together up to `unitBytes`. Its ranges are all that it needs
 * of the file, so that no more than these are sent where a worker does not see it. Streams of Arrow are read whole.
 */
export async function columnarUnits(
  files: readonly InputFile[],
  format: ColumnarFormat,
  unitBytes: number,
): Promise<readonly Unit[]> {
  const units: Unit[] = []
  for (const file of files) {
    const layout = format.kind === 'arrow' ? await arrowBlocks(file) : await rowGroups(file)
    if (layout === undefined) units.push({ order: units.length, ranges: rangesOf(file, [{ from: 0, to: file.bytes }]) })
    else {
      // Row groups that may be left out stand alone.
      const most = format.kind === 'parquet' && format.malformed === 'skip' ? 0 : unitBytes
      for (const { rows, spans } of cut(layout, most))
        units.push({ order: units.length, ranges: rangesOf(file, spans), rows })
    }
  }
  return units
}

interface Cut {
  readonly rows: NonNullable<Unit['rows']>
  readonly spans: readonly Span[]
}

function* cut({ groups, always }: ColumnarLayout, most: number): Generator<Cut> {
  let rowStart = 0
  let rowEnd = 0
  let bytes = 0
  let spans: Span[] = []
  for (const [index, { rows, from, to }] of groups.entries()) {
    rowEnd += rows
    bytes += to - from
    spans.push({ from, to })
    if (bytes < most && index < groups.length - 1) continue
    if (rowEnd > rowStart) yield { rows: { rowStart, rowEnd }, spans: joined([...spans, ...always]) }
    rowStart = rowEnd
    bytes = 0
    spans = []
  }
}

/** In the order of the file, those that touch as one. */
function joined(spans: readonly Span[]): readonly Span[] {
  const made: { from: number; to: number }[] = []
  for (const { from, to } of spans.toSorted((left, right) => left.from - right.from)) {
    const last = made.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else if (to > from) made.push({ from, to })
  }
  return made
}

const rangesOf = (file: InputFile, spans: readonly Span[]): readonly TextRange[] =>
  spans.map(({ from, to }) => ({ ...identified(file), from, to }))

async function rowGroups(file: InputFile): Promise<ColumnarLayout> {
  const slice = async (start: number, end = file.bytes) => Uint8Array.from(await readBytes(file, start, end)).buffer
  try {
    const { row_groups: found } = await parquetMetadataAsync({ byteLength: file.bytes, slice })
    const groups = found.map(({ columns, num_rows: rows }) => ({ ...spanOf(columns), rows: Number(rows) }))
    // Indexes lie between the last group and the footer.
    const tail = Math.min(groups.at(-1)?.to ?? 0, Math.max(0, file.bytes - PARQUET_TAIL_BYTES))
    return { groups, always: [{ from: tail, to: file.bytes }] }
  } catch (cause) {
    if (cause instanceof ComputeError) throw cause
    const message = `Cannot read "${file.path}" as Parquet: ${(cause as Error).message}`
    throw new ComputeError('SHOAL_MALFORMED', message, { cause, facts: { path: file.path }, hint: 'Is it complete?' })
  }
}

type Columns = Awaited<ReturnType<typeof parquetMetadataAsync>>['row_groups'][number]['columns']

function spanOf(columns: Columns): Span {
  let [from, to] = [Infinity, 0]
  for (const { meta_data: column } of columns) {
    if (column === undefined) throw new Error('a column has no description')
    const { dictionary_page_offset: dictionary, data_page_offset: data, total_compressed_size: size } = column
    const start = Number(dictionary !== undefined && dictionary > 0n && dictionary < data ? dictionary : data)
    from = Math.min(from, start)
    to = Math.max(to, start + Number(size))
  }
  return { from: Math.min(from, to), to }
}
