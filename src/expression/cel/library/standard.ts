import { formatDouble, int, toInt, toUint, uint } from '../arithmetic.ts'
import type { Library } from '../functions.ts'
import { matches } from '../regular-expressions.ts'
import type { TimeFields } from '../time.ts'
import { calendar, formatDuration, formatTimestamp, parseDuration, parseTimestamp, timestamp } from '../time.ts'
import type { MapValue, Value } from '../values.ts'
import { Duration, EvaluationError, NONE, OptionalValue, Timestamp, TypeValue, typeNameOf, Uint } from '../values.ts'

const SECOND = 1_000_000_000n

const identity = (value: Value): Value => value

const PARTS: Readonly<Record<string, (time: TimeFields) => number>> = {
  getFullYear: (time) => time.year,
  getMonth: (time) => time.month - 1,
  getDate: (time) => time.day,
  getDayOfMonth: (time) => time.day - 1,
  getDayOfWeek: (time) => time.weekday,
  getDayOfYear: (time) => time.dayOfYear,
  getHours: (time) => time.hours,
  getMinutes: (time) => time.minutes,
  getSeconds: (time) => time.seconds,
  getMilliseconds: (time) => time.millis,
}

/** CEL's own functions. */
export const STANDARD: Library = {
  'size(string) int': (a: string) => BigInt([...a].length),
  'size(bytes) int': (a: Uint8Array) => BigInt(a.length),
  'size(list<A>) int': (a: readonly Value[]) => BigInt(a.length),
  'size(map<A, B>) int': (a: MapValue) => BigInt(a.size),
  'string::size() int': (a: string) => BigInt([...a].length),
  'bytes::size() int': (a: Uint8Array) => BigInt(a.length),
  'list<A>::size() int': (a: readonly Value[]) => BigInt(a.length),
  'map<A, B>::size() int': (a: MapValue) => BigInt(a.size),
  'string::contains(string) bool': (a: string, b: string) => a.includes(b),
  'string::startsWith(string) bool': (a: string, b: string) => a.startsWith(b),
  'string::endsWith(string) bool': (a: string, b: string) => a.endsWith(b),
  'string::matches(string) bool': (a: string, b: string) => matches(a, b),
  'matches(string, string) bool': (a: string, b: string) => matches(a, b),
  'type(A) type': (a: Value) => new TypeValue(typeNameOf(a)),
  'dyn(A) dyn': identity,
  'bool(bool) bool': identity,
  'bool(string) bool': parseBool,
  'bytes(bytes) bytes': identity,
  'bytes(string) bytes': (a: string) => new TextEncoder().encode(a),
  'double(double) double': identity,
  'double(int) double': (a: bigint) => Number(a),
  'double(uint) double': (a: Uint) => Number(a.value),
  'double(string) double': parseDouble,
  'int(int) int': identity,
  'int(uint) int': (a: Uint) => int(a.value),
  'int(double) int': toInt,
  'int(string) int': (a: string) => int(parseInteger(a, 'int')),
  'int(timestamp) int': (a: Timestamp) => a.nanos / SECOND,
  'int(duration) int': (a: Duration) => a.nanos,
  'uint(uint) uint': identity,
  'uint(int) uint': uint,
  'uint(double) uint': toUint,
  'uint(string) uint': (a: string) => uint(parseInteger(a, 'uint')),
  'string(string) string': identity,
  'string(bool) string': (a: boolean) => String(a),
  'string(int) string': (a: bigint) => String(a),
  'string(uint) string': (a: Uint) => String(a.value),
  'string(double) string': formatDouble,
  'string(bytes) string': decodeText,
  'string(timestamp) string': formatTimestamp,
  'string(duration) string': formatDuration,
  'timestamp(timestamp) timestamp': identity,
  'timestamp(int) timestamp': (a: bigint) => timestamp(a * SECOND),
  'timestamp(string) timestamp': readTimestamp,
  'duration(duration) duration': identity,
  'duration(string) duration': readDuration,
  'duration(int) duration': (a: bigint) => new Duration(a),
  ...calendarFunctions(),
  'duration::getHours() int': (a: Duration) => a.nanos / (3600n * SECOND),
  'duration::getMinutes() int': (a: Duration) => a.nanos / (60n * SECOND),
  'duration::getSeconds() int': (a: Duration) => a.nanos / SECOND,
  'duration::getMilliseconds() int': (a: Duration) => a.nanos / 1_000_000n,
  'optional.none() optional<A>': () => NONE,
  'optional.of(A) optional<A>': (a: Value) => new OptionalValue(a),
  'optional.ofNonZeroValue(A) optional<A>': (a: Value) => (isZero(a) ? NONE : new OptionalValue(a)),
  'optional<A>::hasValue() bool': (a: OptionalValue) => a.value !== undefined,
  'optional<A>::value() A': valueOf,
  'optional<A>::or(optional<A>) optional<A>': (a: OptionalValue, b: OptionalValue) => (a.value === undefined ? b : a),
  'optional<A>::orValue(A) A': (a: OptionalValue, b: Value) => a.value ?? (a.value === null ? null : b),
}

function calendarFunctions(): Library {
  return Object.fromEntries(
    Object.entries(PARTS).flatMap(([name, part]) => [
      [`timestamp::${name}() int`, (a: Timestamp) => BigInt(part(calendar(a)))],
      [`timestamp::${name}(string) int`, (a: Timestamp, zone: string) => BigInt(part(calendar(a, zone)))],
    ]),
  )
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

function parseBool(text: string): Value {
  if (TRUE.has(text)) return true
  if (FALSE.has(text)) return false
  throw new EvaluationError(`strconv.ParseBool: parsing "${text}": invalid syntax`)
}

function parseDouble(text: string): number {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text)
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(text)
  if (word === null) throw new EvaluationError(`strconv.ParseFloat: parsing "${text}": invalid syntax`)
  if (word[2]?.toLowerCase() === 'nan') return Number.NaN
  return word[1] === '-' ? -Infinity : Infinity
}

function parseInteger(text: string, type: 'int' | 'uint'): bigint {
  const pattern = type === 'int' ? /^[+-]?\d+$/ : /^\d+$/
  const name = type === 'int' ? 'ParseInt' : 'ParseUint'
  if (!pattern.test(text)) throw new EvaluationError(`strconv.${name}: parsing "${text}": invalid syntax`)
  const value = BigInt(text.replace(/^\+/, ''))
  const fits = type === 'int' ? BigInt.asIntN(64, value) === value : BigInt.asUintN(64, value) === value
  if (!fits) throw new EvaluationError(`strconv.${name}: parsing "${text}": value out of range`)
  return value
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new EvaluationError('invalid UTF-8 in bytes, cannot convert to string')
  }
}

function readTimestamp(text: string): Timestamp {
  const found = parseTimestamp(text)
  if (found !== undefined) return found
  const layout = '2006-01-02T15:04:05Z07:00'
  throw new EvaluationError(`parsing time "${text}" as "${layout}": cannot parse "${text}" as "2006"`)
}

function readDuration(text: string): Duration {
  const found = parseDuration(text)
  if (found === undefined) throw new EvaluationError(`time: invalid duration "${text}"`)
  return found
}

function valueOf({ value }: OptionalValue): Value {
  if (value === undefined) throw new EvaluationError('optional.none() dereference')
  return value
}

function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof Duration) return value.nanos === 0n
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && 'kind' in value && value.size === 0
}
