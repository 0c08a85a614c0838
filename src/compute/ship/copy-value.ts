import { types } from 'node:util'
import { refusal, steps, within } from './capture-state.ts'
import type { Place, ValueState } from './capture-state.ts'
import { describe } from './describe.ts'
import { hostValueOf } from './host-values.ts'

/**
 * Puts a copy of `value` under `key` of `holder`, or a note of what belongs there. What structured clone copies whole is
 * left to it; plain objects, arrays, maps and sets are copied here, because functions may be in them.
 */
export function copyInto(holder: object, key: string, value: unknown, place: Place, state: ValueState): void {
  const to = reference(value, place, state)
  if (to !== undefined) {
    define(holder, key, undefined)
    state.patches.push({ kind: 'property', holder, key, to })
  } else define(holder, key, copy(value, place, state))
}

/** `__proto__` is a name like any other here. */
function define(holder: object, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true })
  else (holder as Record<string, unknown>)[key] = value
}

function reference(value: unknown, place: Place, state: ValueState): number | undefined {
  if (typeof value === 'symbol') return referSymbol(value, place, state)
  if (typeof value === 'function') return state.refer(value, place)
  if (typeof value !== 'object' || value === null) return undefined
  if (isPlain(value) && hostValueOf(value) === undefined) return undefined
  return state.refer(value, place)
}

function referSymbol(value: symbol, place: Place, state: ValueState): number {
  const text = Symbol.keyFor(value)
  if (text !== undefined) return state.references.push({ kind: 'symbol', text }) - 1
  const name = /^Symbol\.(\w+)$/.exec(value.description ?? '')?.[1]
  if (name !== undefined && (Symbol as unknown as Record<string, unknown>)[name] === value)
    return state.references.push({ kind: 'global', path: ['Symbol', name] }) - 1
  throw refusal('SHIP_VALUE', place, 'it is a symbol', 'Use Symbol.for(name), which is the same in every process.')
}

const isPlain = (value: object): boolean =>
  Array.isArray(value) || (Object.getPrototypeOf(value) === Object.prototype && !(Symbol.toStringTag in value))

function copy(value: unknown, place: Place, state: ValueState): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = state.copies.get(value)
  if (known !== undefined) return known
  if (types.isProxy(value)) throw refuseValue(value, place)
  if (Array.isArray(value)) return copyArray(value, place, state)
  if (value instanceof Map) return copyMap(value, place, state)
  if (value instanceof Set) return copySet(value, place, state)
  if (isCloned(value)) return value
  return copyObject(value, place, state)
}

/** What structured clone copies faithfully, with nothing in it that it could not. */
const isCloned = (value: object): boolean =>
  isOf(value, CLONED) || (types.isNativeError(value) && ERRORS.has(Object.getPrototypeOf(value) as object))

const CLONED = new Set<object>(
  [Date, RegExp, ArrayBuffer, DataView, Buffer, Boolean, Number, String, Object(1n).constructor].map(
    (type) => (type as { prototype: object }).prototype,
  ),
)
for (const type of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array])
  CLONED.add(type.prototype)
for (const type of [BigInt64Array, BigUint64Array, Float32Array, Float64Array]) CLONED.add(type.prototype)

const ERRORS = new Set<object>(
  [Error, TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError].map((type) => type.prototype),
)

const isOf = (value: object, prototypes: ReadonlySet<object>): boolean =>
  prototypes.has(Object.getPrototypeOf(value) as object) &&
  !(ArrayBuffer.isView(value) && types.isSharedArrayBuffer(value.buffer))

function copyArray(value: readonly unknown[], place: Place, state: ValueState): unknown {
  if (value.every(isPrimitive)) return value
  const result: unknown[] = new Array(value.length)
  state.copies.set(value, result)
  value.forEach((item, index) => copyInto(result, String(index), item, within(place, `[${index}]`), state))
  return result
}

const isPrimitive = (value: unknown): boolean =>
  value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')

function copyMap(value: ReadonlyMap<unknown, unknown>, place: Place, state: ValueState): unknown {
  const result = new Map<unknown, unknown>()
  state.copies.set(value, result)
  const entries: [unknown, unknown][] = []
  for (const [key, item] of value) {
    const entry: [unknown, unknown] = [undefined, undefined]
    const step = isPrimitive(key) ? `.get(${JSON.stringify(key) ?? String(key)})` : '.get(…)'
    copyInto(entry, '0', key, within(place, '.keys()'), state)
    copyInto(entry, '1', item, within(place, step), state)
    entries.push(entry)
  }
  state.patches.push({ kind: 'map', holder: result, entries })
  return result
}

function copySet(value: ReadonlySet<unknown>, place: Place, state: ValueState): unknown {
  const result = new Set<unknown>()
  state.copies.set(value, result)
  const members: unknown[] = []
  for (const item of value) copyInto(members, String(members.length), item, within(place, '.values()'), state)
  state.patches.push({ kind: 'set', holder: result, members })
  return result
}

function copyObject(value: object, place: Place, state: ValueState): unknown {
  const prototype = Object.getPrototypeOf(value) as object | null
  const isCopied = prototype === Object.prototype || prototype === null || types.isModuleNamespaceObject(value)
  if (!isCopied && !types.isArgumentsObject(value)) throw refuseValue(value, place)
  const result: Record<string, unknown> = {}
  state.copies.set(value, result)
  for (const key of Object.keys(value))
    copyInto(result, key, (value as Record<string, unknown>)[key], within(place, steps(key)), state)
  return result
}

function refuseValue(value: object, place: Place): Error {
  const { what, hint } = describe(value)
  return refusal('SHIP_VALUE', place, `it is ${what}`, hint)
}
