import { allocate } from './native-buffer.ts'
import type { NativeBuffer } from './native-buffer.ts'

/**
 * Sort keys as bytes whose order is that of the keys: undefined, null, false, true, numbers (NaN last), bigints, Dates, strings by
 * code point, arrays by their elements. A string has no end mark at the top, where nothing follows it.
 */
const TAG = { undefined: 1, null: 2, false: 3, true: 4, number: 5, bigint: 6, date: 7, string: 8, array: 9 } as const

const ASCII_LIMIT = 0x80

/** Bytes that grow: a row's key and value are written to the end. */
export class RowBytes {
  bytes: NativeBuffer
  length = 0

  constructor(size: number) {
    this.bytes = allocate(size)
  }

  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const wider = allocate(Math.max(this.bytes.length * 2, this.length + more))
    this.bytes.copy(wider, 0, 0, this.length)
    this.bytes = wider
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  text(text: string): void {
    this.reserve(text.length * 3)
    // `utf8Write` of a flat one-byte string of ASCII is a copy.
    this.length += this.bytes.utf8Write(text, this.length)
  }

  append(more: Uint8Array): void {
    this.reserve(more.byteLength)
    this.bytes.set(more, this.length)
    this.length += more.byteLength
  }
}

export function writeSortKey(key: unknown, into: RowBytes): void {
  if (typeof key === 'string') {
    into.byte(TAG.string)
    into.text(key)
  } else write(key, into)
}

function write(key: unknown, into: RowBytes): void {
  switch (typeof key) {
    case 'undefined':
      return into.byte(TAG.undefined)
    case 'boolean':
      return into.byte(key ? TAG.true : TAG.false)
    case 'number':
      into.byte(TAG.number)
      return writeNumber(key, into)
    case 'bigint':
      into.byte(TAG.bigint)
      return writeBigint(key, into)
    case 'string':
      into.byte(TAG.string)
      return writeEnded(key, into)
    case 'object':
      return writeObject(key, into)
    default:
      throw unsortable(key)
  }
}

function writeObject(key: object | null, into: RowBytes): void {
  if (key === null) return into.byte(TAG.null)
  if (key instanceof Date) {
    into.byte(TAG.date)
    return writeNumber(key.getTime(), into)
  }
  if (!Array.isArray(key)) throw unsortable(key)
  into.byte(TAG.array)
  for (const element of key) write(element, into)
  into.byte(0)
}

/** IEEE 754 with the sign turned: negative numbers are turned whole, so that larger ones come later. */
function writeNumber(value: number, into: RowBytes): void {
  into.reserve(8)
  const at = into.length
  into.bytes.writeDoubleBE(Number.isNaN(value) ? NaN : value + 0, at)
  if (into.bytes[at]! < ASCII_LIMIT) into.bytes[at]! ^= 0x80
  else for (let index = 0; index < 8; index++) into.bytes[at + index]! ^= 0xff
  into.length += 8
}

/** Sign and number of digits, then the digits: more digits come later, and for negative ones all is turned. */
function writeBigint(value: bigint, into: RowBytes): void {
  const digits = (value < 0n ? -value : value).toString(16)
  const negative = value < 0n
  writeNumber(negative ? -digits.length : digits.length, into)
  for (let at = 0; at < digits.length; at++) into.byte(negative ? 0xff - digits.charCodeAt(at) : digits.charCodeAt(at))
}

/** Within an array: a zero ends it, and one in the text is followed by 255. */
function writeEnded(text: string, into: RowBytes): void {
  if (text.includes('\u0000')) {
    for (const byte of Buffer.from(text)) {
      into.byte(byte)
      if (byte === 0) into.byte(0xff)
    }
  } else into.text(text)
  into.byte(0)
}

function unsortable(key: unknown): TypeError {
  const what = typeof key === 'object' ? `a ${key?.constructor?.name ?? 'object'}` : `a ${typeof key}`
  return new TypeError(
    `Cannot sort by a key of a dataset: it is ${what}, expected a primitive, a Date, or an array of these`,
  )
}
