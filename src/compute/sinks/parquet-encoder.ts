import { fault } from '../dataset/fault.ts'
import type { WriteFormat } from '../dataset/plan.ts'
import type { ColumnarFormats, ParquetFile } from '../dataset/program-parts.ts'
import { encodeValue } from '../wire/values.ts'
import type { Encoder } from './record-encoder.ts'
import { columnsOf, columnValues } from './parquet-columns.ts'
import type { ParquetColumn } from './parquet-columns.ts'

/** Rows are written when they hold about this much memory, however few they are. */
const GROUP_BYTES = 32 * 1024 * 1024
const MEASURE_EVERY = 64

type Row = Readonly<Record<string, unknown>>

/** Holds the rows of one row group. The columns of a file are those of its first group, so that memory does not grow with it. */
export function parquetEncoder(
  { rowGroupRows, types = {} }: Extract<WriteFormat, { kind: 'parquet' }>,
  { openParquet }: ColumnarFormats,
): Encoder {
  if (openParquet === undefined) throw new Error('Assertion: the program has no Parquet, expected the columnar one')
  let file: ParquetFile | undefined
  let columns: readonly ParquetColumn[] = []
  let held: Row[] = []
  let rows = 0
  let rowBytes = 0
  const flush = () => {
    const first = rows - held.length
    if (file === undefined) file = openParquet((columns = columnsOf(held, types)))
    else refuseNewColumns(held, columns)
    if (held.length === 0) return new Uint8Array(0)
    const bytes = file.write(columns.map((column) => columnValues(held, column, first)))
    held = []
    return bytes
  }
  return {
    add(record) {
      held.push(rowOf(record))
      if (rows++ % MEASURE_EVERY === 0) rowBytes = encodeValue(record).byteLength * 2
      return held.length >= rowGroupRows || held.length * rowBytes >= GROUP_BYTES ? flush() : undefined
    },
    finish: () => Buffer.concat([flush(), file!.finish()]),
    rows: () => rows,
  }
}

function rowOf(record: unknown): Row {
  if (typeof record === 'object' && record !== null && !Array.isArray(record)) return record as Row
  const what = record === null ? 'null' : Array.isArray(record) ? 'an array' : `a ${typeof record}`
  const message = `Cannot write a record as a Parquet row: it is ${what}`
  throw fault('SHOAL_UNWRITABLE', message, {}, 'map() it to an object of columns')
}

function refuseNewColumns(rows: readonly Row[], columns: readonly ParquetColumn[]): void {
  const known = new Set(columns.map(({ name }) => name))
  for (const row of rows) {
    for (const name in row) {
      if (known.has(name)) continue
      const message = `Cannot write column "${name}" of a record to Parquet: its file has been begun without it`
      const hint = 'Name all columns with their types: writeParquet(to, { types: { COLUMN: ... } })'
      throw fault('SHOAL_UNWRITABLE', message, { column: name }, hint)
    }
  }
}
