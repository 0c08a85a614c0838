/** SPDY/3's frames on the wire: section 2.2 of the specification (draft-mbelshe-httpbis-spdy-00). */
export const SYN_STREAM = 1
export const SYN_REPLY = 2
export const RST_STREAM = 3
export const SETTINGS = 4
export const PING = 6
export const GOAWAY = 7
export const HEADERS = 8
export const WINDOW_UPDATE = 9

export const FLAG_FIN = 1

export const STATUS_PROTOCOL_ERROR = 1
export const STATUS_INVALID_STREAM = 2
export const STATUS_REFUSED_STREAM = 3
export const STATUS_CANCEL = 5
export const STATUS_FLOW_CONTROL_ERROR = 7

const VERSION = 3
const INITIAL_WINDOW_SIZE = 7

/** Control frames are small; a bigger one comes from a broken or hostile peer. */
const MAX_CONTROL_BYTES = 40 * 1024

/** A frame as it was read. Big data frames arrive in pieces, of which the last one carries the flag. */
export type Frame =
  | { readonly kind: 'data'; readonly streamId: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly body: Buffer }

function controlFrame(type: number, flags: number, ...parts: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(0x8000 | VERSION)
  head.writeUInt16BE(type, 2)
  head.writeUInt32BE(
    parts.reduce((sum, part) => sum + part.length, 0),
    4,
  )
  head[4] = flags
  return Buffer.concat([head, ...parts])
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}

/** `headers` is a compressed block, which must be sent in the order in which it was compressed. */
export const synStream = (id: number, headers: Buffer, fin = false): Buffer =>
  controlFrame(SYN_STREAM, fin ? FLAG_FIN : 0, numbers(id, 0), Buffer.alloc(2), headers)

export const synReply = (id: number, headers: Buffer): Buffer => controlFrame(SYN_REPLY, 0, numbers(id), headers)
export const rstStream = (id: number, status: number): Buffer => controlFrame(RST_STREAM, 0, numbers(id, status))
export const ping = (id: number): Buffer => controlFrame(PING, 0, numbers(id))
export const goAway = (lastId: number): Buffer => controlFrame(GOAWAY, 0, numbers(lastId, 0))
export const windowUpdate = (id: number, bytes: number): Buffer => controlFrame(WINDOW_UPDATE, 0, numbers(id, bytes))
/** Says how much may be sent on each stream before a WINDOW_UPDATE. */
export const windowSetting = (bytes: number): Buffer =>
  controlFrame(SETTINGS, 0, numbers(1, INITIAL_WINDOW_SIZE, bytes))

/** The window that a SETTINGS frame gives, if it gives one. */
export function windowOf(settings: Buffer): number | undefined {
  for (let at = 4; at + 8 <= settings.length; at += 8) {
    if ((settings.readUInt32BE(at) & 0xffffff) === INITIAL_WINDOW_SIZE)
      return settings.readUInt32BE(at + 4) & 0x7fffffff
  }
  return undefined
}

/** The head of a data frame of `length` bytes, which follow it. */
export function dataHead(streamId: number, length: number, fin: boolean): Buffer {
  const head = numbers(streamId, length)
  head[4] = fin ? FLAG_FIN : 0
  return head
}

/** Cuts what arrives into frames. Throws on a frame that no peer may send. */
export function createFrameReader(): (chunk: Buffer) => Iterable<Frame> {
  let rest: Buffer = Buffer.alloc(0)
  let open: { readonly streamId: number; readonly fin: boolean; left: number } | undefined
  return function* read(chunk) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      if (open !== undefined) {
        if (rest.length === 0 && open.left > 0) return
        const data = take(Math.min(open.left, rest.length))
        open.left -= data.length
        const { streamId, fin, left } = open
        if (left === 0) open = undefined
        yield { kind: 'data', streamId, fin: fin && left === 0, data }
        continue
      }
      if (rest.length < 8) return
      const length = rest.readUInt32BE(4) & 0xffffff
      const flags = rest[4] ?? 0
      if ((rest.readUInt8(0) & 0x80) === 0) {
        open = { streamId: rest.readUInt32BE(0), fin: (flags & FLAG_FIN) !== 0, left: length }
        take(8)
        continue
      }
      if (length > MAX_CONTROL_BYTES)
        throw new Error(`A control frame of ${length} bytes, expected ${MAX_CONTROL_BYTES}`)
      if (rest.length < 8 + length) return
      const type = rest.readUInt16BE(2)
      yield { kind: 'control', type, flags, body: take(8 + length).subarray(8) }
    }
  }

  function take(length: number): Buffer {
    const taken = rest.subarray(0, length)
    rest = rest.subarray(length)
    return taken
  }
}
