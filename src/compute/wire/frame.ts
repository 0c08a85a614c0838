/**
 * The framing of every connection between driver, coordinator and workers: a frame is its length (32 bits, little endian),
 * one byte that says its kind, and its body. The length counts the kind and the body.
 */
export const FRAME_HEADER_BYTES = 5

/** No frame is larger: a length above this means that the other side does not speak this protocol. */
export const MAX_FRAME_BYTES = 1 << 30

/** `body` as a frame of its own, in one buffer. */
export function encodeFrame(kind: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + body.byteLength)
  writeFrameHeader(frame, kind, body.byteLength)
  frame.set(body, FRAME_HEADER_BYTES)
  return frame
}

/** Writes the header of a frame whose body has `bodyBytes` at the start of `target`. */
export function writeFrameHeader(target: Uint8Array, kind: number, bodyBytes: number): void {
  const length = bodyBytes + 1
  target[0] = length & 0xff
  target[1] = (length >>> 8) & 0xff
  target[2] = (length >>> 16) & 0xff
  target[3] = length >>> 24
  target[4] = kind
}

export interface FrameReaderOptions {
  /** The largest frame allowed at this moment: small until the other side has proved who it is. */
  readonly maxBytes: () => number
  /** `body` lies in memory of its own, never in a shared pool: its buffer may be transferred. */
  readonly onFrame: (kind: number, body: Uint8Array<ArrayBuffer>) => void
}

/**
 * A function that takes the bytes of a connection as they arrive and hands out whole frames. Each body is copied exactly
 * once. Throws a RangeError where a frame is larger than allowed.
 */
export function createFrameReader(options: FrameReaderOptions): (chunk: Uint8Array) => void {
  const header = new Uint8Array(FRAME_HEADER_BYTES)
  let headerFilled = 0
  let body: Uint8Array<ArrayBuffer> | undefined
  let bodyFilled = 0

  const openBody = () => {
    const length = (header[0]! | (header[1]! << 8) | (header[2]! << 16) | (header[3]! << 24)) >>> 0
    if (length < 1 || length > options.maxBytes()) {
      throw new RangeError(`Cannot read a frame: it has ${length} bytes, expected 1 to ${options.maxBytes()}`)
    }
    body = new Uint8Array(length - 1)
    bodyFilled = 0
  }

  return (chunk) => {
    let at = 0
    while (at < chunk.byteLength || (body !== undefined && bodyFilled === body.byteLength)) {
      if (body === undefined) {
        while (headerFilled < FRAME_HEADER_BYTES && at < chunk.byteLength) header[headerFilled++] = chunk[at++]!
        if (headerFilled < FRAME_HEADER_BYTES) return
        openBody()
        continue
      }
      const take = Math.min(body.byteLength - bodyFilled, chunk.byteLength - at)
      body.set(chunk.subarray(at, at + take), bodyFilled)
      at += take
      bodyFilled += take
      if (bodyFilled < body.byteLength) return
      const whole = body
      body = undefined
      headerFilled = 0
      options.onFrame(header[4]!, whole)
    }
  }
}
