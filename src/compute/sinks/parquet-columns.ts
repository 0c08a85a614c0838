import { fault } from '../dataset/fault.ts'

/** What a column of a Parquet file holds; each may be empty in any row. */
export type ParquetType = 'boolean' | 'int32' | 'int64' | 'double' | 'string' | 'timestamp' | 'json' | 'bytes'

export interface ParquetColumn {
  readonly name: string
  readonly type: ParquetType
}

type Row = Readonly<Record<string, unknown>>

/**
 * The columns of a file: those that were given types, then what rows have beside, in the order in which it comes up. Numbers are doubles
 * unless it is said otherwise, so that all files of a dataset have the same types.
 */
export function columnsOf(rows: readonly Row[], given: Readonly<Record<string, ParquetType>>): ParquetColumn[] {
  const types = new Map<string, ParquetType | undefined>(Object.entries(given))
  for (const row of rows) {
    for (const name in row) {
      if (types.get(name) !== undefined) continue
      const value = row[name]
      types.set(name, value === null || value === undefined ? undefined : typeOf(value, name))
    }
  }
  return Array.from(types, ([name, type = 'string']) => ({ name, type }))
}

function typeOf(value: unknown, name: string): ParquetType {
  switch (typeof value) {
    case 'boolean':
      return 'boolean'
    case 'number':
      return 'double'
    case 'bigint':
      return 'int64'
    case 'string':
      return 'string'
    case 'object':
      return value instanceof Date ? 'timestamp' : value instanceof Uint8Array ? 'bytes' : 'json'
    default:
      throw refused(name, value, 'what Parquet has')
  }
}

/** The values of one column; `firstRow` is the place of the first row in its file. */
export function columnValues(rows: readonly Row[], { name, type }: ParquetColumn, firstRow: number): unknown[] {
  return rows.map((row, index) => {
    const value = row[name]
    if (value === null || value === undefined) return null
    const own = asType(value, type)
    if (own === undefined) throw refused(name, value, `a ${type}`, firstRow + index)
    return own
  })
}

const INT64_LIMIT = 2n ** 63n

/** Undefined where the value is not of the type. */
function asType(value: unknown, type: ParquetType): unknown {
  switch (type) {
    case 'boolean':
    case 'string':
      return typeof value === type ? value : undefined
    case 'double':
      return typeof value === 'number' ? value : undefined
    case 'int32':
      return typeof value === 'number' && (value | 0) === value ? value : undefined
    case 'int64': {
      const whole = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
      return typeof whole === 'bigint' && whole < INT64_LIMIT && whole >= -INT64_LIMIT ? whole : undefined
    }
    case 'timestamp':
      return value instanceof Date && !Number.isNaN(value.getTime()) ? value : undefined
    case 'bytes':
      return value instanceof Uint8Array ? value : undefined
    case 'json':
      return typeof value === 'function' || typeof value === 'symbol' ? undefined : value
  }
}

function refused(column: string, value: unknown, expected: string, row?: number): Error {
  const what = typeof value === 'object' ? (value?.constructor.name ?? 'null') : `${typeof value} ${String(value)}`
  const where = row === undefined ? '' : `, in row ${row} of its file`
  return fault(
    'SHOAL_UNWRITABLE',
    `Cannot write column "${column}" of a record to Parquet: it is a ${what}, expected ${expected}${where}`,
    { column, ...(row === undefined ? {} : { row }) },
    'map() it to one type, or say which: writeParquet(to, { types: { COLUMN: ... } })',
  )
}
