/** One field as it stands on the wire: an integer, or bytes (texts, messages, and numbers of fixed length). */
export interface WireField {
  readonly number: number
  readonly integer: bigint
  readonly bytes: Uint8Array
}

const NO_BYTES = new Uint8Array()

/** Reads the wire format of Protobuf field by field. Throws a RangeError where it is cut off or malformed. */
export class WireReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  *fields(): Iterable<WireField> {
    while (this.#at < this.#bytes.length) yield this.next()
  }

  next(): WireField {
    const tag = Number(this.#varint())
    const number = tag >>> 3
    switch (tag & 7) {
      case 0:
        return { number, integer: this.#varint(), bytes: NO_BYTES }
      case 1:
        return { number, integer: 0n, bytes: this.#take(8) }
      case 2:
        return { number, integer: 0n, bytes: this.#take(Number(this.#varint())) }
      case 5:
        return { number, integer: 0n, bytes: this.#take(4) }
      default:
        throw new RangeError(`proto: illegal wireType ${tag & 7}`)
    }
  }

  #varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new RangeError('unexpected EOF')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new RangeError('proto: integer overflow')
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError('unexpected EOF')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}
