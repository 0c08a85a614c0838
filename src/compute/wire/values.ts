import { isAscii } from 'node:buffer'
import { deserialize, serialize } from 'node:v8'

/**
 * How lists of values cross the wire. What structured clone can carry arrives as structured clone would have made it;
 * numbers and shallow JSON-like values, which are most of what small tasks exchange, take faster forms. (`v8.serialize`
 * costs some ten microseconds before the first byte, and three to ten times as much for each small object.)
 */
const FORM = { clone: 0, numbers: 1, json: 2, undefined: 3 } as const

/** Deeper values go by structured clone, which alone keeps it when two places hold the same object. */
const JSON_KEYS_LIMIT = 32

/** `values` as bytes. Throws a DataCloneError where one of them cannot travel: {@link pathOfUncloneable} says which. */
export function encodeValues(values: readonly unknown[]): Uint8Array<ArrayBuffer> {
  switch (formOf(values)) {
    case FORM.undefined:
      return new Uint8Array(Uint32Array.of(FORM.undefined, values.length).buffer)
    case FORM.numbers: {
      const bytes = new Uint8Array(8 + values.length * 8)
      bytes[0] = FORM.numbers
      new Float64Array(bytes.buffer, 8).set(values as number[])
      return bytes
    }
    case FORM.json:
      return prefixed(FORM.json, Buffer.from(JSON.stringify(values)))
    default:
      return prefixed(FORM.clone, serialize(values))
  }
}

/** The values that {@link encodeValues} wrote. */
export function decodeValues(bytes: Uint8Array): unknown[] {
  const { buffer, byteOffset, byteLength } = bytes
  switch (bytes[0]) {
    case FORM.undefined:
      return new Array(new DataView(buffer, byteOffset).getUint32(4, true)).fill(undefined)
    case FORM.numbers:
      return numbersAt(bytes.subarray(8))
    case FORM.json: {
      const text = Buffer.from(buffer, byteOffset + 1, byteLength - 1)
      return JSON.parse(isAscii(text) ? text.toString('latin1') : text.toString('utf8')) as unknown[]
    }
    default:
      return deserialize(bytes.subarray(1)) as unknown[]
  }
}

/** One value as bytes. */
export function encodeValue(value: unknown): Uint8Array<ArrayBuffer> {
  return encodeValues([value])
}

/** The value that {@link encodeValue} wrote. */
export function decodeValue(bytes: Uint8Array): unknown {
  return decodeValues(bytes)[0]
}

function prefixed(form: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(body.byteLength + 1)
  bytes[0] = form
  bytes.set(body, 1)
  return bytes
}

function numbersAt(bytes: Uint8Array): number[] {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes)
  return Array.from(new Float64Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 8))
}

function formOf(values: readonly unknown[]): number {
  const first = values[0]
  if (typeof first === 'number') {
    let at = 1
    while (at < values.length && typeof values[at] === 'number') at++
    if (at === values.length) return FORM.numbers
  } else if (first === undefined && values.length > 0) {
    let at = 1
    while (at < values.length && values[at] === undefined) at++
    if (at === values.length) return FORM.undefined
  }
  for (let at = 0; at < values.length; at++) {
    if (!isShallowJson(values[at])) return FORM.clone
  }
  return FORM.json
}

/** Whether JSON carries `value` exactly: a primitive, or an array or plain object of primitives. */
function isShallowJson(value: unknown): boolean {
  if (typeof value !== 'object') return isJsonPrimitive(value)
  if (value === null) return true
  if (Array.isArray(value)) return isJsonArray(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  const record = value as Record<string, unknown>
  let keys = 0
  for (const key in record) {
    if (++keys > JSON_KEYS_LIMIT || key === 'toJSON' || !isJsonPrimitive(record[key])) return false
  }
  return prototype === Object.prototype
}

function isJsonArray(values: readonly unknown[]): boolean {
  if ('toJSON' in values) return false
  for (let at = 0; at < values.length; at++) if (!isJsonPrimitive(values[at])) return false
  return true
}

function isJsonPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    default:
      return value === null
  }
}

/**
 * Where in `value` lies what cannot travel, as a path such as `result.handlers[2]`, and what it is. Undefined where all
 * of it can.
 */
export function pathOfUncloneable(value: unknown, path: string): { path: string; what: string } | undefined {
  const seen = new Set<unknown>()
  const search = (at: unknown, where: string, depth: number): { path: string; what: string } | undefined => {
    if (travels(at)) return undefined
    if (typeof at !== 'object' || at === null || seen.has(at) || depth > 32) return { path: where, what: describe(at) }
    seen.add(at)
    for (const [key, inner] of partsOf(at)) {
      const found = search(inner, `${where}${key}`, depth + 1)
      if (found !== undefined) return found
    }
    return { path: where, what: describe(at) }
  }
  return search(value, path, 0)
}

function travels(value: unknown): boolean {
  try {
    serialize(value)
    return true
  } catch {
    return false
  }
}

function* partsOf(value: object): Generator<[string, unknown]> {
  if (value instanceof Map) {
    for (const [key, inner] of value)
      yield [`.get(${typeof key === 'string' ? JSON.stringify(key) : String(key)})`, inner]
    return
  }
  if (value instanceof Set) {
    let index = 0
    for (const inner of value) yield [`.values[${index++}]`, inner]
    return
  }
  for (const [key, inner] of Object.entries(value)) {
    const plain = /^[A-Za-z_$][\w$]*$/.test(key)
    yield [Array.isArray(value) ? `[${key}]` : plain ? `.${key}` : `[${JSON.stringify(key)}]`, inner]
  }
}

function describe(value: unknown): string {
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`
  if (typeof value === 'symbol') return 'a symbol'
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`
  return `a ${value.constructor?.name ?? 'object'}`
}
