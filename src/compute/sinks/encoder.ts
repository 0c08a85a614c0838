import { fault } from '../dataset/fault.ts'
import type { WriteFormat } from '../dataset/plan.ts'
import type { ColumnarFormats } from '../dataset/program-parts.ts'
import { parquetEncoder } from './parquet-encoder.ts'
import type { Encoder } from './record-encoder.ts'

/** Text is joined and encoded in pieces of about this many characters. */
const FLUSH_CHARACTERS = 256 * 1024

export function createEncoder(format: WriteFormat, formats: ColumnarFormats): Encoder {
  switch (format.kind) {
    case 'text':
      return textEncoder((record) => String(record))
    case 'jsonLines':
      return textEncoder(jsonOf)
    case 'csv':
      return csvEncoder(format)
    case 'parquet':
      return parquetEncoder(format, formats)
  }
}

function jsonOf(record: unknown): string {
  const text = JSON.stringify(record) as string | undefined
  if (text === undefined) throw unwritable(record, 'JSON')
  return text
}

function textEncoder(lineOf: (record: unknown) => string, first?: (record: unknown) => string): Encoder {
  let lines: string[] = []
  let characters = 0
  let rows = 0
  const flush = () => {
    if (lines.length === 0) return undefined
    lines.push('')
    const bytes = Buffer.from(lines.join('\n'))
    lines = []
    characters = 0
    return bytes
  }
  return {
    add(record) {
      if (rows++ === 0 && first !== undefined) lines.push(first(record))
      const line = lineOf(record)
      lines.push(line)
      characters += line.length + 1
      return characters >= FLUSH_CHARACTERS ? flush() : undefined
    },
    finish: flush,
    rows: () => rows,
  }
}

function csvEncoder({ delimiter, header, columns }: Extract<WriteFormat, { kind: 'csv' }>): Encoder {
  const special = new RegExp(`["\\n\\r${delimiter === '\t' ? '\\t' : `\\${delimiter}`}]`)
  const fieldOf = (value: unknown): string => {
    if (value === null || value === undefined) return ''
    if (typeof value === 'object' && !(value instanceof Date)) throw unwritable(value, 'a CSV field')
    const text = value instanceof Date ? value.toISOString() : String(value)
    return text === '' || special.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text
  }
  let names = columns
  const lineOf = (record: unknown) => {
    if (Array.isArray(record)) return record.map(fieldOf).join(delimiter)
    if (typeof record !== 'object' || record === null) return fieldOf(record)
    names ??= Object.keys(record)
    return names.map((name) => fieldOf((record as Record<string, unknown>)[name])).join(delimiter)
  }
  if (!header) return textEncoder(lineOf)
  return textEncoder(lineOf, (record) => {
    if (names === undefined && (typeof record !== 'object' || record === null || Array.isArray(record))) {
      throw fault(
        'SHOAL_UNWRITABLE',
        'Cannot write a header of CSV: a record is no object, expected one, or { columns } with their names',
        {},
        'Pass { columns: [...] }, or { header: false }',
      )
    }
    names ??= Object.keys(record as object)
    return names.map(fieldOf).join(delimiter)
  })
}

function unwritable(record: unknown, as: string): Error {
  const what = record === null ? 'null' : `a ${typeof record}`
  return fault(
    'SHOAL_UNWRITABLE',
    `Cannot write a record as ${as}: it is ${what}`,
    {},
    'map() it to what the format has',
  )
}
