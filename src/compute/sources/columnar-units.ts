import { parquetMetadataAsync } from 'hyparquet'
import type { InputFile } from '../dataset/inputs.ts'
import type { Unit } from '../dataset/stage-input.ts'
import { ComputeError } from '../errors.ts'
import { identified } from './csv-ranges.ts'
import type { FileFormat } from './files-source.ts'
import { readBytes } from './read-bytes.ts'

/** A unit has about this many bytes of the file. */
const UNIT_BYTES = 16 * 1024 * 1024

/** Parquet files by row groups, Arrow files whole: what one task reads. */
export async function columnarUnits(
  files: readonly InputFile[],
  format: Extract<FileFormat, { readonly kind: 'parquet' | 'arrow' }>,
): Promise<readonly Unit[]> {
  const units: Unit[] = []
  for (const file of files) {
    const ranges = [{ ...identified(file), from: 0, to: file.bytes }]
    if (format.kind === 'arrow') units.push({ order: units.length, ranges })
    else
      for (const rows of await rowRanges(file, format.malformed === 'skip' ? 0 : UNIT_BYTES))
        units.push({ order: units.length, ranges, rows })
  }
  return units
}

/** Row groups go together up to `unitBytes`; those that may be left out stand alone. */
async function rowRanges(file: InputFile, unitBytes: number): Promise<readonly { rowStart: number; rowEnd: number }[]> {
  const groups = await rowGroups(file)
  const ranges: { rowStart: number; rowEnd: number }[] = []
  let rowStart = 0
  let rowEnd = 0
  let bytes = 0
  for (const group of groups) {
    rowEnd += Number(group.num_rows)
    bytes += Number(group.total_compressed_size ?? group.total_byte_size)
    if (bytes < unitBytes) continue
    ranges.push({ rowStart, rowEnd })
    rowStart = rowEnd
    bytes = 0
  }
  if (rowEnd > rowStart) ranges.push({ rowStart, rowEnd })
  return ranges
}

async function rowGroups(file: InputFile) {
  const slice = async (start: number, end = file.bytes) => Uint8Array.from(await readBytes(file, start, end)).buffer
  try {
    const { row_groups } = await parquetMetadataAsync({ byteLength: file.bytes, slice })
    return row_groups
  } catch (cause) {
    if (cause instanceof ComputeError) throw cause
    const message = `Cannot read "${file.path}" as Parquet: ${(cause as Error).message}`
    throw new ComputeError('SHOAL_MALFORMED', message, { cause, facts: { path: file.path }, hint: 'Is it complete?' })
  }
}
