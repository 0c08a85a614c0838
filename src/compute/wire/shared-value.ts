import { Deserializer, Serializer } from 'node:v8'

/**
 * A value as bytes from which it is read without copying its large parts: what structured clone says of it, and beside that,
 * each aligned, the memory of its typed arrays, which are then views of the bytes themselves.
 */
const HEAD_BYTES = 8
const ALIGNMENT = 8

type View = Uint8Array | DataView

const TYPES = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
  DataView,
] as const

interface ViewType {
  readonly BYTES_PER_ELEMENT?: number
  new (memory: ArrayBufferLike, at: number, length: number): View
}

/** Node's own serialiser has these, and its types do not. */
interface HostObjects {
  _setTreatArrayBufferViewsAsHostObjects(treat: boolean): void
}

class Writer extends Serializer {
  readonly views: Uint8Array[] = []
  #bytes = 0

  constructor() {
    super()
    ;(this as unknown as HostObjects)._setTreatArrayBufferViewsAsHostObjects(true)
  }

  get viewBytes(): number {
    return this.#bytes
  }

  _writeHostObject(view: View): void {
    const type = TYPES.findIndex((each) => view instanceof each)
    if (type < 0) throw new TypeError(`Cannot share a ${(view as object).constructor.name}`)
    this.writeUint32(type)
    this.writeDouble(this.#bytes)
    this.writeDouble(view.byteLength)
    this.views.push(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
    this.#bytes += aligned(view.byteLength)
  }
}

class Reader extends Deserializer {
  readonly #bytes: Uint8Array
  readonly #from: number

  constructor(meta: Uint8Array, bytes: Uint8Array, from: number) {
    super(meta)
    this.#bytes = bytes
    this.#from = from
  }

  _readHostObject(): unknown {
    const type = TYPES[this.readUint32()] as unknown as ViewType
    const at = this.#bytes.byteOffset + this.#from + this.readDouble()
    const byteLength = this.readDouble()
    const width = type.BYTES_PER_ELEMENT ?? 1
    return new type(this.#bytes.buffer, at, byteLength / width)
  }
}

const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT

/** Throws a DataCloneError where the value cannot travel. */
export function encodeShared(value: unknown): Uint8Array {
  const writer = new Writer()
  writer.writeHeader()
  writer.writeValue(value)
  const meta = writer.releaseBuffer()
  const from = aligned(HEAD_BYTES + meta.byteLength)
  const bytes = Buffer.allocUnsafeSlow(from + writer.viewBytes)
  bytes.writeDoubleLE(meta.byteLength, 0)
  bytes.set(meta, HEAD_BYTES)
  let at = from
  for (const view of writer.views) {
    bytes.set(view, at)
    at += aligned(view.byteLength)
  }
  return bytes
}

/** `bytes` must begin at a multiple of eight of their memory, which the typed arrays in the value then keep. */
export function decodeShared(bytes: Uint8Array): unknown {
  const metaBytes = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true)
  // What is read by structured clone must not be shared memory.
  const meta = Buffer.from(bytes.subarray(HEAD_BYTES, HEAD_BYTES + metaBytes))
  const reader = new Reader(meta, bytes, aligned(HEAD_BYTES + metaBytes))
  reader.readHeader()
  return reader.readValue()
}
