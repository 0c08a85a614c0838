/**
 * Keys of a shuffle. Primitives are equal where a Map holds them equal; arrays, plain objects and Dates by what is in them.
 * An id is what a Map compares in place of the key: the key itself for primitives, a text for all else.
 */
export function keyId(key: unknown): unknown {
  if (typeof key === 'string') return key.charCodeAt(0) === MARK ? `${MARK_TEXT}s${key}` : key
  if (typeof key !== 'object' || key === null) {
    if (typeof key === 'function' || typeof key === 'symbol') throw unusable(key)
    return key
  }
  return MARK_TEXT + textOf(key)
}

/** No key begins with this but those that are texts of objects, and strings that say so. */
const MARK = 0
const MARK_TEXT = '\u0000'

function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      return value === null ? 'null' : textOfObject(value)
    case 'function':
    case 'symbol':
      throw unusable(value)
    default:
      return Object.is(value, -0) ? '0' : String(value)
  }
}

function textOfObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`
  if (value instanceof Date) return `d${value.getTime()}`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw unusable(value)
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${textOf(inner)}`).join()}}`
}

function unusable(key: unknown): TypeError {
  const what = typeof key === 'object' ? `a ${key?.constructor?.name ?? 'object'}` : `a ${typeof key}`
  return new TypeError(
    `Cannot use a key of a dataset: it is ${what}, expected a primitive, a Date, or an array or plain object of these`,
  )
}

const numbers = new Float64Array(1)
const words = new Uint32Array(numbers.buffer)

/** 32 bits that are the same for equal ids, on every machine. */
export function hashOf(id: unknown): number {
  if (typeof id === 'string') return mixed(hashText(id))
  if (typeof id === 'number') {
    // Both zeros are one key, and all forms of NaN.
    numbers[0] = id === 0 ? 0 : Number.isNaN(id) ? NaN : id
    return mixed(Math.imul(words[0]!, 0x85ebca6b) ^ words[1]!)
  }
  return mixed(hashText(`${typeof id} ${String(id)}`))
}

/** FNV-1a over the units of UTF-16. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}

/** The finisher of MurmurHash3, so that low and high bits alike depend on all of it. */
function mixed(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Which of `partitions` a hash belongs to; the low bits are left for what must be spread within one. */
export function partitionOf(hash: number, partitions: number): number {
  return Math.floor((hash / 0x1_0000_0000) * partitions)
}

/** Which of `pieces` of a partition a hash belongs to. */
export function pieceOf(hash: number, pieces: number): number {
  return (hash & 0xffff) % pieces
}
