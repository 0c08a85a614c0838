import type { MapValue, Value } from './values.ts'
import {
  Duration,
  EvaluationError,
  isList,
  isMap,
  listKinds,
  Opaque,
  OptionalValue,
  Timestamp,
  TypeValue,
  Uint,
} from './values.ts'

/** CEL's equality: numbers compare by value whatever their types, values of different types are unequal. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true
  if (isNumber(a)) return isNumber(b) && compareNumbers(a, b) === 0
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return false
  if (isList(a)) return isList(b) && equalLists(a, b)
  if (isMap(a)) return isMap(b) && equalMaps(a, b)
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name
  if (a instanceof OptionalValue) return b instanceof OptionalValue && equalOptionals(a, b)
  if (a instanceof Opaque) return b instanceof Opaque && a.type === b.type && a.key !== undefined && a.key === b.key
  return a instanceof Uint8Array && b instanceof Uint8Array && compareBytes(a, b) === 0
}

type Numeric = bigint | number | Uint

export function isNumber(value: Value): value is Numeric {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint
}

/** Exact for integers and doubles of any size; undefined where one is NaN. */
export function compareNumbers(a: Numeric, b: Numeric): number | undefined {
  const left = a instanceof Uint ? a.value : a
  const right = b instanceof Uint ? b.value : b
  // JavaScript compares bigints with numbers by their mathematical values.
  return left < right ? -1 : left > right ? 1 : left <= right ? 0 : undefined
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return Math.sign(difference)
  }
  return Math.sign(a.length - b.length)
}

function equalOptionals(a: OptionalValue, b: OptionalValue): boolean {
  if (a.value === undefined || b.value === undefined) return a.value === b.value
  return equal(a.value, b.value)
}

function equalLists(a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false
  const kind = listKinds.get(a) ?? listKinds.get(b)
  if (kind?.merge === undefined) return a.every((item, i) => equal(item, b[i] ?? null))
  return a.every((item) => b.some((other) => equal(item, other)))
}

function equalMaps(a: MapValue, b: MapValue): boolean {
  if (a.size !== b.size) return false
  return a.keys().every((key) => {
    const [left, right] = [a.get(key), b.get(key)]
    return left !== undefined && right !== undefined && equal(left, right)
  })
}

/** The order of two values that have one; throws for those that do not. */
export function compare(a: Value, b: Value): number {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b) ?? Number.NaN
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Timestamp && b instanceof Timestamp) return compareNumbers(a.nanos, b.nanos) ?? 0
  if (a instanceof Duration && b instanceof Duration) return compareNumbers(a.nanos, b.nanos) ?? 0
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  throw new EvaluationError('no such overload')
}

/** By code points, as UTF-8 sorts. */
function compareText(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (left === right) continue
    const [leftHigh, rightHigh] = [left >= 0xd800 && left < 0xe000, right >= 0xd800 && right < 0xe000]
    return leftHigh === rightHigh ? Math.sign(left - right) : leftHigh ? 1 : -1
  }
  return Math.sign(a.length - b.length)
}
