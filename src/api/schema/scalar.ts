import { exactInteger, WrittenNumber } from '../meta/big-integers.ts'
import { canonicalQuantity } from '../meta/quantity.ts'
import type { Scalar, Schema } from './schema.ts'

/** A scalar read from JSON, or why not: `message` where the type reads itself, absent where the JSON type is wrong. */
export type ScalarResult =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message?: string }

const WRONG: ScalarResult = { ok: false }

export function decodeScalar(scalar: Scalar, value: unknown): ScalarResult {
  if (typeof value === 'object' || typeof value === 'bigint') return decodeWritten(scalar, value)
  switch (scalar) {
    case 'string':
      return typeof value === 'string' ? { ok: true, value } : WRONG
    case 'boolean':
      return typeof value === 'boolean' ? { ok: true, value } : WRONG
    case 'int32':
      return Number.isInteger(value) && (value as number) === ((value as number) | 0) ? { ok: true, value } : WRONG
    case 'int64':
      return Number.isInteger(value) ? { ok: true, value } : WRONG
    case 'double':
      return typeof value === 'number' ? { ok: true, value } : WRONG
    case 'int-or-string':
      return typeof value === 'string' ? { ok: true, value } : decodeScalar('int32', value)
    case 'bytes':
      return decodeBytes(value)
    case 'time':
    case 'micro-time':
      return decodeTime(value, scalar === 'micro-time')
    case 'quantity':
      return decodeQuantity(value)
  }
}

/** Integers of 64 bits that no double holds stay bigints: whoever computes with one makes it a number first. */
function decodeWritten(scalar: Scalar, value: unknown): ScalarResult {
  if (typeof value === 'bigint') {
    if (scalar === 'quantity') return decodeQuantity(value.toString())
    if (scalar === 'int64' && BigInt.asIntN(64, value) === value) return { ok: true, value: exactInteger(value) }
    return decodeScalar(scalar, Number(value))
  }
  if (!(value instanceof WrittenNumber)) return decodeOther(scalar, value)
  if (scalar === 'quantity') return decodeQuantity(value.text)
  if (scalar === 'double') return { ok: true, value: Number(value.text) }
  const { integer } = value
  if (integer === undefined) return decodeOther(scalar, value)
  return scalar === 'int64' ? { ok: true, value: integer } : decodeScalar(scalar, Number(integer))
}

/** What is no number, or not written as the integer that is asked for. */
function decodeOther(scalar: Scalar, value: unknown): ScalarResult {
  return scalar === 'quantity' ? readQuantity(value) : WRONG
}

/**
 * Times and quantities that were read lately: the same few stand in thousands of objects, which then share their text. What
 * is long or wrong is not remembered.
 */
const recentTimes = new Map<string, ScalarResult>()
const recentMicroTimes = new Map<string, ScalarResult>()
const recentQuantities = new Map<string, ScalarResult>()
const MOST_REMEMBERED = 256
const LONGEST_REMEMBERED = 40

type Recent = Map<string, ScalarResult>

function remembered(recent: Recent, text: string, read: (text: string) => ScalarResult): ScalarResult {
  const known = recent.get(text)
  if (known !== undefined) return known
  const result = read(text)
  if (!result.ok || text.length > LONGEST_REMEMBERED) return result
  if (recent.size >= MOST_REMEMBERED) recent.clear()
  recent.set(text, result)
  return result
}

function decodeQuantity(value: unknown): ScalarResult {
  return typeof value === 'string' ? remembered(recentQuantities, value, readQuantity) : readQuantity(value)
}

function readQuantity(value: unknown): ScalarResult {
  const text = typeof value === 'number' ? String(value) : value
  const parsed = typeof text === 'string' ? canonicalQuantity(text) : undefined
  if (parsed !== undefined) return { ok: true, value: parsed }
  const message = `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`
  return { ok: false, message }
}

function decodeBytes(value: unknown): ScalarResult {
  if (typeof value !== 'string') return WRONG
  const text = value.replaceAll(/[\r\n]/g, '')
  const bad = /[^A-Za-z0-9+/=]/.exec(value.replaceAll(/[\r\n]/g, 'A'))
  if (bad !== null) return { ok: false, message: `illegal base64 data at input byte ${bad.index}` }
  const body = text.replace(/=+$/, '')
  const padded = text.length % 4 === 0 && text.length - body.length <= 2 && !body.includes('=')
  if (!padded) return { ok: false, message: `illegal base64 data at input byte ${illegalByte(text, body)}` }
  return { ok: true, value: text }
}

function illegalByte(text: string, body: string): number {
  const firstPad = body.indexOf('=')
  if (firstPad >= 0) return firstPad
  return text.length - (text.length % 4)
}

const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

function decodeTime(value: unknown, micro: boolean): ScalarResult {
  if (typeof value !== 'string') return WRONG
  return remembered(micro ? recentMicroTimes : recentTimes, value, (text) => readTime(text, micro))
}

function readTime(value: string, micro: boolean): ScalarResult {
  const layout = micro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00'
  const ms = TIME.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms)) {
    const quoted = JSON.stringify(value)
    return { ok: false, message: `parsing time ${quoted} as "${layout}": cannot parse ${quoted} as "2006"` }
  }
  if (!micro) return { ok: true, value: isoSeconds(ms) }
  const wrong = microFault(value)
  if (wrong !== undefined) {
    const message = `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${wrong}`
    return { ok: false, message }
  }
  const fraction = /\.(\d+)/.exec(value)?.[1] ?? ''
  return { ok: true, value: `${isoSeconds(ms).slice(0, -1)}.${fraction.padEnd(6, '0').slice(0, 6)}Z` }
}

/** Six digits and no fewer or more, as Go's layout has them. */
function microFault(value: string): string | undefined {
  const rest = value.slice('2006-01-02T15:04:05'.length)
  const digits = /^\.(\d*)/.exec(rest)?.[1] ?? ''
  if (digits.length < 6) return `${JSON.stringify(rest)} as ".000000"`
  return digits.length === 6 ? undefined : `${JSON.stringify(rest.slice(7))} as "Z07:00"`
}

function isoSeconds(ms: number): string {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`
}

/** Whether Go takes the value for its type's zero: nothing, "", 0, false, or an empty list or map. */
export function isZero(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0 || value === false) return true
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0
}

/** What Go writes for a zero value of the type. */
export function zeroOf(schema: Schema): unknown {
  if (schema.kind === 'object') return {}
  if (schema.kind !== 'scalar') return null
  const zeros: Partial<Record<Scalar, unknown>> = {
    string: '',
    boolean: false,
    int32: 0,
    int64: 0,
    double: 0,
    quantity: '0',
    'int-or-string': 0,
  }
  return zeros[schema.scalar] ?? null
}
