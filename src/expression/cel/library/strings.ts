import { formatDouble } from '../arithmetic.ts'
import type { Library } from '../functions.ts'
import { findAll, patternOf } from '../regular-expressions.ts'
import { formatDuration, formatTimestamp } from '../time.ts'
import type { Value } from '../values.ts'
import { Duration, EvaluationError, isList, isMap, Timestamp, TypeValue, typeNameOf, Uint } from '../values.ts'

/** cel-go's string functions at version 2, and Kubernetes' `find` and `findAll`. Positions count code points. */
export const STRINGS: Library = {
  'string::charAt(int) string': charAt,
  'string::indexOf(string) int': (a: string, b: string) => indexOf(a, b, 0n),
  'string::indexOf(string, int) int': indexOf,
  'string::lastIndexOf(string) int': (a: string, b: string) => lastIndexOf(a, b, BigInt([...a].length)),
  'string::lastIndexOf(string, int) int': lastIndexOf,
  'string::lowerAscii() string': (a: string) => a.replace(/[A-Z]+/g, (part) => part.toLowerCase()),
  'string::upperAscii() string': (a: string) => a.replace(/[a-z]+/g, (part) => part.toUpperCase()),
  'string::replace(string, string) string': (a: string, b: string, c: string) => replace(a, b, c, -1n),
  'string::replace(string, string, int) string': replace,
  'string::split(string) list<string>': (a: string, b: string) => split(a, b, -1n),
  'string::split(string, int) list<string>': split,
  'string::substring(int) string': (a: string, start: bigint) => substring(a, start, BigInt([...a].length)),
  'string::substring(int, int) string': substring,
  'string::trim() string': (a: string) =>
    a.replace(/^[\s\u0085\u180e\u200b-\u200d\u2060]+|[\s\u0085\u180e\u200b-\u200d\u2060]+$/gu, ''),
  'string::format(list<dyn>) string': format,
  'strings.quote(string) string': quote,
  'list<string>::join() string': (a: readonly string[]) => a.join(''),
  'list<string>::join(string) string': (a: readonly string[], b: string) => a.join(b),
  'string::find(string) string': (a: string, b: string) => legalFind(a, b, 1)[0] ?? '',
  'string::findAll(string) list<string>': (a: string, b: string) => legalFind(a, b, -1),
  'string::findAll(string, int) list<string>': (a: string, b: string, n: bigint) => legalFind(a, b, Number(n)),
}

function legalFind(text: string, pattern: string, limit: number): readonly string[] {
  try {
    patternOf(pattern)
  } catch (error) {
    throw new EvaluationError(`Illegal regex: ${error instanceof Error ? error.message : ''}`)
  }
  return findAll(text, pattern, limit)
}

function charAt(text: string, at: bigint): string {
  const characters = [...text]
  if (at < 0n || at > characters.length) throw new EvaluationError(`index out of range: ${at}`)
  return characters[Number(at)] ?? ''
}

function indexOf(text: string, part: string, from: bigint): bigint {
  const characters = [...text]
  const wanted = [...part]
  if (from < 0n || from > characters.length) {
    if (part === '') return from
    throw new EvaluationError(`index out of range: ${from}`)
  }
  if (part === '') return from
  for (let i = Number(from); i <= characters.length - wanted.length; i++) {
    if (wanted.every((one, j) => characters[i + j] === one)) return BigInt(i)
  }
  return -1n
}

function lastIndexOf(text: string, part: string, from: bigint): bigint {
  const characters = [...text]
  const wanted = [...part]
  if (from < 0n || from > characters.length) throw new EvaluationError(`index out of range: ${from}`)
  if (part === '') return from
  for (let i = Math.min(Number(from), characters.length - wanted.length); i >= 0; i--) {
    if (wanted.every((one, j) => characters[i + j] === one)) return BigInt(i)
  }
  return -1n
}

function replace(text: string, part: string, by: string, limit: bigint): string {
  if (limit === 0n) return text
  const pieces = part === '' ? ['', ...text, ''] : text.split(part)
  const count = limit < 0n ? pieces.length - 1 : Math.min(Number(limit), pieces.length - 1)
  return (
    pieces.slice(0, count + 1).join(by) +
    pieces
      .slice(count + 1)
      .map((one) => part + one)
      .join('')
  )
}

function split(text: string, by: string, limit: bigint): readonly string[] {
  if (limit === 0n) return []
  const pieces = by === '' ? [...text] : text.split(by)
  if (limit < 0n || pieces.length <= limit) return pieces
  const count = Number(limit) - 1
  return [...pieces.slice(0, count), pieces.slice(count).join(by)]
}

function substring(text: string, start: bigint, end: bigint): string {
  const characters = [...text]
  if (start < 0n || start > characters.length) throw new EvaluationError(`index out of range: ${start}`)
  if (end < 0n || end > characters.length) throw new EvaluationError(`index out of range: ${end}`)
  if (start > end) throw new EvaluationError(`invalid substring range. start: ${start}, end: ${end}`)
  return characters.slice(Number(start), Number(end)).join('')
}

const QUOTED: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

function quote(text: string): string {
  return `"${[...text].map((one) => QUOTED[one] ?? one).join('')}"`
}

function format(pattern: string, args: readonly Value[]): string {
  let next = 0
  const take = (): Value => {
    const value = args[next++]
    if (value === undefined) throw new EvaluationError(`index ${next - 1} out of range`)
    return value
  }
  return pattern.replace(/%(?:%|(?:\.(\d+))?([sdfexXob]?))/g, (whole, precision: string | undefined, verb?: string) => {
    if (whole === '%%') return '%'
    if (verb === undefined || verb === '') throw new EvaluationError(`unrecognized formatting clause "${whole}"`)
    return clause(verb, precision === undefined ? 6 : Number(precision), take())
  })
}

function clause(verb: string, precision: number, value: Value): string {
  switch (verb) {
    case 's':
      return textOf(value)
    case 'd':
      if (typeof value === 'bigint' || value instanceof Uint) return textOf(value)
      throw mismatch('decimal', value)
    case 'f':
      if (typeof value === 'number') return Number.isFinite(value) ? value.toFixed(precision) : formatDouble(value)
      throw mismatch('fixed-point', value)
    case 'e':
      if (typeof value === 'number') return value.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2')
      throw mismatch('scientific notation', value)
    default:
      return inBase(verb, value)
  }
}

function inBase(verb: string, value: Value): string {
  const number =
    value instanceof Uint ? value.value : typeof value === 'boolean' && verb === 'b' ? BigInt(value) : value
  if (typeof number === 'bigint') {
    const text = number.toString(verb === 'b' ? 2 : verb === 'o' ? 8 : 16)
    return verb === 'X' ? text.toUpperCase() : text
  }
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  if (!(bytes instanceof Uint8Array) || verb === 'b' || verb === 'o') throw mismatch('integer', value)
  const text = Buffer.from(bytes).toString('hex')
  return verb === 'X' ? text.toUpperCase() : text
}

const mismatch = (what: string, value: Value): EvaluationError =>
  new EvaluationError(
    `error during formatting: ${what} clause can only be used on numbers, was given ${typeNameOf(value)}`,
  )

function textOf(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return value
  if (typeof value === 'number') return formatDouble(value)
  if (typeof value !== 'object') return String(value)
  if (isList(value)) return `[${value.map(textOf).join(', ')}]`
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof TypeValue) return value.name
  if (!isMap(value)) throw new EvaluationError(`string clause cannot be used on ${typeNameOf(value)}`)
  const entries = value.keys().map((key) => `${textOf(key)}: ${textOf(value.get(key) ?? null)}`)
  return `{${entries.sort().join(', ')}}`
}
