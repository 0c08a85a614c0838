import { crc32 } from 'node:zlib'

/**
 * What is flushed together: 16 bytes that say how long it is, with checksums of the content and of themselves, then the
 * content, then zeros up to a multiple of 16. The checksum of the header counts in the frame's place in the file, so that a
 * frame at another place than it was written to is none.
 */
export const FRAME_HEADER_BYTES = 16
/** Every frame begins at a multiple of so many bytes. */
export const FRAME_ALIGNMENT = 16
/** Longer ones are never written: a length beyond it is damage. */
export const MAX_FRAME_BYTES = 1 << 30

const MAGIC = 0x6c616f73
const AT = { magic: 0, length: 4, content: 8, header: 12 } as const

/** The bytes of a frame with `content` that begins at `offset`, in pieces. */
export function encodeFrame(content: Buffer, offset: number): readonly Buffer[] {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES)
  header.writeUInt32LE(MAGIC, AT.magic)
  header.writeUInt32LE(content.length, AT.length)
  header.writeUInt32LE(crc32(content), AT.content)
  header.writeUInt32LE(headerChecksum(header, offset), AT.header)
  const padding = paddingAfter(content.length)
  return padding === 0 ? [header, content] : [header, content, Buffer.alloc(padding)]
}

/** How long the content of the frame is whose header this is; undefined where it is no header that belongs at `offset`. */
export function contentLength(header: Buffer, offset: number): number | undefined {
  if (header.length < FRAME_HEADER_BYTES || header.readUInt32LE(AT.magic) !== MAGIC) return undefined
  const length = header.readUInt32LE(AT.length)
  if (length > MAX_FRAME_BYTES || header.readUInt32LE(AT.header) !== headerChecksum(header, offset)) return undefined
  return length
}

/** Whether `content` is what was written behind `header`. */
export function isContent(header: Buffer, content: Buffer): boolean {
  return crc32(content) === header.readUInt32LE(AT.content)
}

/** Bytes that a frame with so much content takes in the file. */
export function frameBytes(contentBytes: number): number {
  return FRAME_HEADER_BYTES + contentBytes + paddingAfter(contentBytes)
}

const paddingAfter = (bytes: number): number => -bytes & (FRAME_ALIGNMENT - 1)

function headerChecksum(header: Buffer, offset: number): number {
  return crc32(header.subarray(0, AT.header), (offset / FRAME_ALIGNMENT) >>> 0)
}
