import { divide, int, modulo, uint } from '../arithmetic.ts'
import { compare, equal } from '../equality.ts'
import type { Library } from '../functions.ts'
import { duration, timestamp } from '../time.ts'
import type { MapValue, Value } from '../values.ts'
import {
  Duration,
  EvaluationError,
  isMap,
  LiteralMap,
  listKinds,
  NONE,
  OptionalValue,
  Timestamp,
  Uint,
} from '../values.ts'

const ORDERED = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration']
const MIXED = [
  ['int', 'uint'],
  ['int', 'double'],
  ['uint', 'int'],
  ['uint', 'double'],
  ['double', 'int'],
  ['double', 'uint'],
] as const

const TESTS: Readonly<Record<string, (order: number) => boolean>> = {
  '_<_': (order) => order < 0,
  '_<=_': (order) => order <= 0,
  '_>_': (order) => order > 0,
  '_>=_': (order) => order >= 0,
}

/** Comparisons of each ordered type with itself, and of numbers with one another. */
function comparisons(): Library {
  const pairs = [...ORDERED.map((one) => [one, one] as const), ...MIXED]
  return Object.fromEntries(
    Object.entries(TESTS).flatMap(([name, test]) =>
      pairs.map(([a, b]) => [`${name}(${a}, ${b}) bool`, (x: Value, y: Value) => test(compare(x, y))] as const),
    ),
  )
}

/** The operators. `&&`, `||`, `?:` and the tests of loops are evaluated by the plan itself. */
export const OPERATORS: Library = {
  '_&&_(bool, bool) bool': unreachable,
  '_||_(bool, bool) bool': unreachable,
  '_?_:_(bool, A, A) A': unreachable,
  '@not_strictly_false(bool) bool': unreachable,
  '!_(bool) bool': (a: boolean) => !a,
  '-_(int) int': (a: bigint) => int(-a),
  '-_(double) double': (a: number) => -a,
  '-_(duration) duration': (a: Duration) => duration(-a.nanos),
  '_==_(A, A) bool': (a: Value, b: Value) => equal(a, b),
  '_!=_(A, A) bool': (a: Value, b: Value) => !equal(a, b),
  ...comparisons(),
  '_+_(int, int) int': (a: bigint, b: bigint) => int(a + b),
  '_+_(uint, uint) uint': (a: Uint, b: Uint) => uint(a.value + b.value),
  '_+_(double, double) double': (a: number, b: number) => a + b,
  '_+_(string, string) string': (a: string, b: string) => a + b,
  '_+_(bytes, bytes) bytes': (a: Uint8Array, b: Uint8Array) => Uint8Array.from([...a, ...b]),
  '_+_(list<A>, list<A>) list<A>': concatenate,
  '_+_(timestamp, duration) timestamp': (a: Timestamp, b: Duration) => timestamp(a.nanos + b.nanos),
  '_+_(duration, timestamp) timestamp': (a: Duration, b: Timestamp) => timestamp(a.nanos + b.nanos),
  '_+_(duration, duration) duration': (a: Duration, b: Duration) => duration(a.nanos + b.nanos),
  '_-_(int, int) int': (a: bigint, b: bigint) => int(a - b),
  '_-_(uint, uint) uint': (a: Uint, b: Uint) => uint(a.value - b.value),
  '_-_(double, double) double': (a: number, b: number) => a - b,
  '_-_(timestamp, timestamp) duration': (a: Timestamp, b: Timestamp) => duration(a.nanos - b.nanos),
  '_-_(timestamp, duration) timestamp': (a: Timestamp, b: Duration) => timestamp(a.nanos - b.nanos),
  '_-_(duration, duration) duration': (a: Duration, b: Duration) => duration(a.nanos - b.nanos),
  '_*_(int, int) int': (a: bigint, b: bigint) => int(a * b),
  '_*_(uint, uint) uint': (a: Uint, b: Uint) => uint(a.value * b.value),
  '_*_(double, double) double': (a: number, b: number) => a * b,
  '_/_(int, int) int': divide,
  '_/_(uint, uint) uint': (a: Uint, b: Uint) => uint(divide(a.value, b.value)),
  '_/_(double, double) double': (a: number, b: number) => a / b,
  '_%_(int, int) int': modulo,
  '_%_(uint, uint) uint': (a: Uint, b: Uint) => uint(modulo(a.value, b.value)),
  '@in(A, list<A>) bool': (a: Value, list: readonly Value[]) => list.some((one) => equal(a, one)),
  '@in(A, map<A, B>) bool': (a: Value, map: MapValue) => map.get(a) !== undefined,
  '_[_](list<A>, int) A': elementAt,
  '_[_](map<A, B>, A) B': entryAt,
  '_[_](optional<list<A>>, int) optional<A>': (a: OptionalValue, key: Value) => optionalElement(a, key),
  '_[_](optional<map<A, B>>, A) optional<B>': (a: OptionalValue, key: Value) => optionalElement(a, key),
  '_[?_](list<A>, int) optional<A>': (a: Value, key: Value) => optionalElement(new OptionalValue(a), key),
  '_[?_](optional<list<A>>, int) optional<A>': (a: OptionalValue, key: Value) => optionalElement(a, key),
  '_[?_](map<A, B>, A) optional<B>': (a: Value, key: Value) => optionalElement(new OptionalValue(a), key),
  '_[?_](optional<map<A, B>>, A) optional<B>': (a: OptionalValue, key: Value) => optionalElement(a, key),
  'cel.@mapInsert(map<A, B>, A, B) map<A, B>': (map: MapValue, key: Value, value: Value) =>
    inserted(map, [[key, value]]),
  'cel.@mapInsert(map<A, B>, map<A, B>) map<A, B>': (map: MapValue, more: MapValue) => inserted(map, entriesOf(more)),
}

function unreachable(): Value {
  throw new Error('The plan evaluates this itself')
}

export function elementAt(list: readonly Value[], index: Value): Value {
  const at = typeof index === 'number' && Number.isInteger(index) ? BigInt(index) : index
  const position = at instanceof Uint ? at.value : at
  if (typeof position !== 'bigint') throw new EvaluationError('no such overload')
  const found = position >= 0n && position < list.length ? list[Number(position)] : undefined
  if (found === undefined) throw new EvaluationError(`index out of bounds: ${position}`)
  return found
}

export function entryAt(map: MapValue, key: Value): Value {
  const found = map.get(key)
  if (found === undefined) throw new EvaluationError(`no such key: ${shownKey(key)}`)
  return found
}

const shownKey = (key: Value): string => (key instanceof Uint ? String(key.value) : String(key))

/** The element behind an optional list or map, as an optional. */
export function optionalElement({ value }: OptionalValue, key: Value): OptionalValue {
  if (value === undefined) return NONE
  let found: Value | undefined
  if (Array.isArray(value)) {
    const list: readonly Value[] = value
    found = typeof key === 'bigint' && key >= 0n ? list[Number(key)] : undefined
  } else if (isMap(value)) found = value.get(key)
  else throw new EvaluationError('no such overload')
  return found === undefined ? NONE : found instanceof OptionalValue ? found : new OptionalValue(found)
}

/** Sets of a schema keep one of each; maps keep the later of those that have the same keys. */
function concatenate(a: readonly Value[], b: readonly Value[]): Value {
  const kind = listKinds.get(a)
  if (kind?.merge === undefined) return [...a, ...b]
  const keys = kind.mergeKeys ?? []
  const same = (x: Value, y: Value): boolean => {
    if (kind.merge === 'set') return equal(x, y)
    return isMap(x) && isMap(y) && keys.every((key) => equal(x.get(key) ?? null, y.get(key) ?? null))
  }
  const merged = a.map((one) => b.findLast((other) => same(one, other)) ?? one)
  const result = [...merged, ...b.filter((one) => !a.some((other) => same(one, other)))]
  listKinds.set(result, kind)
  return result
}

function inserted(map: MapValue, more: readonly (readonly [Value, Value])[]): Value {
  for (const [key] of more) {
    if (map.get(key) !== undefined) throw new EvaluationError(`insert failed: key ${shownKey(key)} already exists`)
  }
  return new LiteralMap([...entriesOf(map), ...more])
}

function entriesOf(map: MapValue): readonly (readonly [Value, Value])[] {
  return map.keys().map((key) => [key, map.get(key) ?? null])
}
