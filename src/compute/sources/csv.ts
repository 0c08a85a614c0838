import type { Push } from '../dataset/push.ts'
import type { CsvFormat, CsvType } from '../dataset/plan.ts'
import type { TaskContext } from '../dataset/task-context.ts'
import { malformedRecord } from './malformed.ts'

const QUOTE = 34
const NEWLINE = 10
const RETURN = 13

/**
 * Texts of whole records into records, after RFC 4180: fields may be quoted and then hold delimiters, line ends and doubled quotes.
 * Blank lines are no records.
 */
export function createCsvParser(format: CsvFormat, task: TaskContext, next: Push): Push {
  const from = (text: string, start: number): void | Promise<void> => {
    for (let at = start; at < text.length;) {
      const record = readRecord(text, at, format.delimiter)
      const recordStart = at
      at = record.end
      const refuse = (said: string) =>
        malformedRecord({ format: 'CSV', said, text, from: recordStart, to: record.end }, format.malformed, task)
      if (record.fault !== undefined) {
        refuse(record.fault)
        continue
      }
      if (record.fields.length === 1 && record.fields[0] === '' && !record.quoted) continue
      const made = shaped(record.fields, format, task, refuse)
      const waiting = made === undefined ? undefined : next(made)
      if (waiting !== undefined) return waiting.then(() => from(text, at))
    }
  }
  return (record) => from(record as string, 0)
}

interface ReadRecord {
  readonly fields: string[]
  /** After the record's line end. */
  readonly end: number
  readonly quoted: boolean
  readonly fault?: string
}

/** The record that begins at `start`. */
export function readRecord(text: string, start: number, delimiter: string): ReadRecord {
  const fields: string[] = []
  const delimiterCode = delimiter.charCodeAt(0)
  let quoted = false
  for (let at = start; ;) {
    if (text.charCodeAt(at) === QUOTE) {
      const field = readQuoted(text, at)
      // The quote was none: what follows the line is read as if it were not there.
      if (field === undefined) return { fields, end: lineEnd(text, at), quoted, fault: 'a quoted field does not end' }
      quoted = true
      fields.push(field.value)
      at = field.end
    } else {
      let end = at
      for (let code = text.charCodeAt(end); end < text.length; code = text.charCodeAt(++end)) {
        if (code === delimiterCode || code === NEWLINE) break
        if (code === QUOTE)
          return { fields, end: lineEnd(text, end), quoted, fault: 'a quote within a field without quotes' }
      }
      const cut =
        end > at && text.charCodeAt(end - 1) === RETURN && text.charCodeAt(end) !== delimiterCode ? end - 1 : end
      fields.push(text.slice(at, cut))
      at = end
    }
    const code = text.charCodeAt(at)
    if (code === delimiterCode) at++
    else if (at >= text.length || code === NEWLINE) return { fields, end: at + 1, quoted }
    else if (code === RETURN && (at + 1 >= text.length || text.charCodeAt(at + 1) === NEWLINE)) {
      return { fields, end: at + 2, quoted }
    } else return { fields, end: lineEnd(text, at), quoted, fault: 'text after the quote that ends a field' }
  }
}

function readQuoted(text: string, start: number): { value: string; end: number } | undefined {
  let value = ''
  for (let at = start + 1; ;) {
    const found = text.indexOf('"', at)
    if (found < 0) return undefined
    value += text.slice(at, found)
    if (text.charCodeAt(found + 1) !== QUOTE) return { value, end: found + 1 }
    value += '"'
    at = found + 2
  }
}

function lineEnd(text: string, from: number): number {
  const found = text.indexOf('\n', from)
  return found < 0 ? text.length : found + 1
}

function shaped(
  fields: string[],
  { columns: given, header, types }: CsvFormat,
  task: TaskContext,
  refuse: (said: string) => void,
): unknown {
  const columns = given ?? (header ? task.position.columns : undefined)
  if (columns === undefined) return fields
  if (fields.length !== columns.length) return refuse(`it has ${fields.length} fields, expected ${columns.length}`)
  const record: Record<string, unknown> = {}
  for (let at = 0; at < columns.length; at++) {
    const name = columns[at]!
    const type = types[name]
    const value = type === undefined ? fields[at]! : converted(fields[at]!, type)
    if (value === UNREADABLE) return refuse(`${name} is ${JSON.stringify(fields[at])}, expected a ${type}`)
    record[name] = value
  }
  return record
}

const UNREADABLE = Symbol('unreadable')

/** An empty field of another type than string is null. */
function converted(field: string, type: CsvType): unknown {
  if (type === 'string') return field
  if (field === '') return null
  if (type === 'number') {
    const value = Number(field)
    return Number.isNaN(value) && field.trim() !== 'NaN' ? UNREADABLE : value
  }
  const lower = field.toLowerCase()
  return lower === 'true' ? true : lower === 'false' ? false : UNREADABLE
}
