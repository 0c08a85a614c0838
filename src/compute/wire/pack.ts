import { deserialize, serialize } from 'node:v8'
import { ObjectRef } from './object-ref.ts'
import { LARGE_BYTES, readShared } from './shared-memory.ts'
import type { SharedMemory } from './shared-memory.ts'

/**
 * How single values cross the wire, one after another in one buffer: each says its own length, so that the result of one
 * task becomes the argument of another without being decoded. Primitives, bytes, and flat arrays and objects have forms of
 * their own; all else goes by structured clone.
 */
const TAG = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  int: 4,
  double: 5,
  ascii: 6,
  utf8: 7,
  utf16: 8,
  bytes: 9,
  array: 10,
  object: 11,
  clone: 12,
  /** In shared memory: what it is there (`bytes` or `clone`), and its name. */
  shared: 13,
  /** An object of the session, by its id. */
  ref: 14,
} as const

/** Objects with more keys, and arrays with more elements that are no numbers, go by structured clone. */
const FLAT_LIMIT = 64

const SLAB_BYTES = 256 * 1024

/**
 * Memory that values are packed into. What has been packed is never moved: whoever wants it later keeps `bytes` with the
 * start and the end. A full slab is left to those that refer to it, and a new one begun.
 */
export class Packer {
  bytes: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES)
  at = 0
  /** Where the record began that is being written: it is carried over to a new slab when this one is full. */
  start = 0
  /** Where large values go; they are packed like others where it is absent or full. */
  memory: SharedMemory | undefined
  /** Names of what the record has in shared memory. */
  shared: string[] | undefined
  readonly #slabBytes: number

  constructor(slabBytes: number = SLAB_BYTES) {
    this.#slabBytes = slabBytes
    if (slabBytes !== SLAB_BYTES) this.bytes = Buffer.allocUnsafeSlow(slabBytes)
  }

  /** Begins a record: what is packed until the next one lies in one piece. */
  begin(): void {
    this.start = this.at
    this.shared = undefined
  }

  /** Forgets the record that was begun. */
  undo(): void {
    this.at = this.start
  }

  /** Room for so many more bytes. */
  ensure(count: number): void {
    if (this.at + count <= this.bytes.byteLength) return
    const begun = this.at - this.start
    const wanted = begun + count
    const next = Buffer.allocUnsafeSlow(
      Math.max(this.#slabBytes, wanted < this.#slabBytes ? wanted * 2 : wanted + 1024),
    )
    this.bytes.copy(next, 0, this.start, this.at)
    this.bytes = next
    this.start = 0
    this.at = begun
  }

  u8(value: number): void {
    this.ensure(1)
    this.bytes[this.at++] = value
  }

  u32(value: number): void {
    this.ensure(4)
    writeU32(this.bytes, this.at, value)
    this.at += 4
  }

  raw(source: Uint8Array): void {
    this.ensure(source.byteLength)
    this.bytes.set(source, this.at)
    this.at += source.byteLength
  }

  /** Packs `value`. Throws a DataCloneError where it cannot travel; the record is then to be begun again. */
  value(value: unknown): void {
    switch (typeof value) {
      case 'undefined':
        return this.u8(TAG.undefined)
      case 'boolean':
        return this.u8(value ? TAG.true : TAG.false)
      case 'number':
        return this.#number(value)
      case 'string':
        return this.#string(value)
      case 'object':
        return value === null ? this.u8(TAG.null) : this.#object(value)
      default:
        return this.#clone(value)
    }
  }

  #number(value: number): void {
    this.ensure(9)
    if ((value | 0) === value && !Object.is(value, -0)) {
      this.bytes[this.at] = TAG.int
      writeU32(this.bytes, this.at + 1, value)
      this.at += 5
      return
    }
    this.bytes[this.at] = TAG.double
    this.bytes.writeDoubleLE(value, this.at + 1)
    this.at += 9
  }

  #string(value: string): void {
    const { length } = value
    this.ensure(5 + length * 3)
    const body = this.at + 5
    if (length <= SHORT_STRING) {
      let index = 0
      for (; index < length; index++) {
        const code = value.charCodeAt(index)
        if (code > 127) break
        this.bytes[body + index] = code
      }
      if (index === length) return this.#endString(TAG.ascii, length)
    }
    if (!value.isWellFormed()) return this.#endString(TAG.utf16, this.bytes.write(value, body, 'utf16le'))
    const written = this.bytes.write(value, body, 'utf8')
    this.#endString(written === length ? TAG.ascii : TAG.utf8, written)
  }

  #endString(tag: number, length: number): void {
    this.bytes[this.at] = tag
    writeU32(this.bytes, this.at + 1, length)
    this.at += 5 + length
  }

  #object(value: object): void {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) return isFlatObject(value) ? this.#flatObject(value) : this.#clone(value)
    if (prototype === Array.prototype && isFlatArray(value as unknown[])) return this.#flatArray(value as unknown[])
    if (prototype === Uint8Array.prototype && !isShared(value as Uint8Array)) {
      return this.#blob(TAG.bytes, value as Uint8Array)
    }
    if (prototype === ObjectRef.prototype) return this.#ref(ObjectRef.idOf(value as ObjectRef<unknown>))
    this.#clone(value)
  }

  #ref(id: string): void {
    this.u8(TAG.ref)
    this.u32(id.length)
    this.ensure(id.length)
    this.at += this.bytes.write(id, this.at, 'latin1')
  }

  #flatArray(values: readonly unknown[]): void {
    this.u8(TAG.array)
    this.u32(values.length)
    for (let index = 0; index < values.length; index++) this.value(values[index])
  }

  #flatObject(value: object): void {
    const at = this.at - this.start
    this.ensure(5)
    this.at += 5
    let count = 0
    for (const key in value) {
      this.#string(key)
      this.value((value as Record<string, unknown>)[key])
      count++
    }
    this.bytes[this.start + at] = TAG.object
    writeU32(this.bytes, this.start + at + 1, count)
  }

  #clone(value: unknown): void {
    this.#blob(TAG.clone, serialize(value))
  }

  #blob(tag: number, bytes: Uint8Array): void {
    const name = bytes.byteLength >= LARGE_BYTES ? this.memory?.write(bytes) : undefined
    if (name !== undefined) return this.#inMemory(tag, name)
    this.u8(tag)
    this.u32(bytes.byteLength)
    this.raw(bytes)
  }

  #inMemory(tag: number, name: string): void {
    ;(this.shared ??= []).push(name)
    this.u8(TAG.shared)
    this.u32(1 + name.length)
    this.u8(tag)
    this.ensure(name.length)
    this.at += this.bytes.write(name, this.at, 'latin1')
  }
}

const SHORT_STRING = 24

/** Memory that threads share is no copy's business here. */
function isShared(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof SharedArrayBuffer
}

function isPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'undefined':
      return true
    default:
      return value === null
  }
}

function isFlatArray(values: readonly unknown[]): boolean {
  if (values.length > FLAT_LIMIT || Object.keys(values).length !== values.length) return false
  for (let index = 0; index < values.length; index++) if (!isPrimitive(values[index])) return false
  return true
}

function isFlatObject(value: object): boolean {
  let count = 0
  for (const key in value) {
    if (++count > FLAT_LIMIT || !Object.hasOwn(value, key) || !isPrimitive((value as Record<string, unknown>)[key])) {
      return false
    }
  }
  return !('__proto__' in value && Object.hasOwn(value, '__proto__'))
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

/** Reads what a {@link Packer} wrote, from `at` on. */
export class Unpacker {
  bytes: Buffer
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
  }

  u8(): number {
    return this.bytes[this.at++]!
  }

  u32(): number {
    this.at += 4
    return readU32(this.bytes, this.at - 4)
  }

  value(): unknown {
    const tag = this.bytes[this.at++]!
    switch (tag) {
      case TAG.undefined:
        return undefined
      case TAG.null:
        return null
      case TAG.true:
        return true
      case TAG.false:
        return false
      case TAG.int:
        return this.u32() | 0
      case TAG.double:
        this.at += 8
        return this.bytes.readDoubleLE(this.at - 8)
      default:
        return this.#long(tag, this.u32())
    }
  }

  #long(tag: number, length: number): unknown {
    if (tag === TAG.array) return this.#array(length)
    if (tag === TAG.object) return this.#object(length)
    const start = this.at
    this.at += length
    switch (tag) {
      case TAG.ascii:
        return this.bytes.toString('latin1', start, this.at)
      case TAG.utf8:
        return this.bytes.toString('utf8', start, this.at)
      case TAG.utf16:
        return this.bytes.toString('utf16le', start, this.at)
      case TAG.bytes:
        // In memory of its own: the frame around it goes when the last value is taken out of it.
        return new Uint8Array(this.bytes.subarray(start, this.at))
      case TAG.clone:
        return deserialize(this.bytes.subarray(start, this.at))
      case TAG.ref:
        return new ObjectRef(this.bytes.toString('latin1', start, this.at))
      case TAG.shared:
        return valueInMemory(this.bytes[start]!, this.bytes.toString('latin1', start + 1, this.at))
      default:
        throw new Error(`Assertion: no value has tag ${tag}, at ${start} of ${this.bytes.byteLength} bytes`)
    }
  }

  #array(length: number): unknown[] {
    const values: unknown[] = []
    for (let index = 0; index < length; index++) values.push(this.value())
    return values
  }

  #object(count: number): Record<string, unknown> {
    const value: Record<string, unknown> = {}
    for (let index = 0; index < count; index++) {
      const key = this.value() as string
      value[key] = this.value()
    }
    return value
  }
}

function valueInMemory(tag: number, name: string): unknown {
  const bytes = readShared(name)
  return tag === TAG.clone ? deserialize(bytes) : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The name in shared memory of the value that begins at `at`; undefined where it is not there. */
export function sharedName(bytes: Uint8Array, at: number): string | undefined {
  if (bytes[at] !== TAG.shared) return undefined
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', at + 6, endOfValue(bytes, at))
}

/** The end of the value that begins at `at`. */
export function endOfValue(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case TAG.undefined:
    case TAG.null:
    case TAG.true:
    case TAG.false:
      return at + 1
    case TAG.int:
      return at + 5
    case TAG.double:
      return at + 9
    case TAG.array:
    case TAG.object: {
      const values = readU32(bytes, at + 1) * (bytes[at] === TAG.object ? 2 : 1)
      let end = at + 5
      for (let index = 0; index < values; index++) end = endOfValue(bytes, end)
      return end
    }
    default:
      return at + 5 + readU32(bytes, at + 1)
  }
}

/** One value, in memory of its own. */
export function packOne(value: unknown): Uint8Array {
  const packer = new Packer(256)
  packer.value(value)
  return packer.bytes.subarray(0, packer.at)
}
