import { constants, createInflate } from 'node:zlib'
import { HEADER_DICTIONARY } from './header-dictionary.ts'

/** Lower-case names and their values; several values of one name are joined by NUL, as SPDY has it. */
export type SpdyHeaders = Readonly<Record<string, string>>

/** More than this, compressed or not, no client of Kubernetes sends in one block. */
export const MAX_HEADER_BYTES = 32 * 1024

/** A zlib header that names SPDY's dictionary by its checksum. */
const ZLIB_HEADER = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2])
/** An empty block that is not the last: whoever inflates hands out what it has when it sees one. */
const SYNC_MARKER = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff])

/**
 * Writes the header blocks of one direction of a session. They make up one zlib stream; its blocks are stored ones, which
 * every inflater reads: our headers are a few dozen bytes, and a stored block is made without waiting for another thread.
 */
export function createHeaderWriter(): (headers: SpdyHeaders) => Buffer {
  let started = false
  return (headers) => {
    const block = plainBlock(headers)
    if (block.length > MAX_HEADER_BYTES)
      throw new Error(`Cannot send headers: ${block.length} bytes, expected ${MAX_HEADER_BYTES} at the most`)
    const stored = Buffer.alloc(5)
    stored.writeUInt16LE(block.length, 1)
    stored.writeUInt16LE(~block.length & 0xffff, 3)
    const parts = started ? [stored, block, SYNC_MARKER] : [ZLIB_HEADER, stored, block, SYNC_MARKER]
    started = true
    return Buffer.concat(parts)
  }
}

function plainBlock(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers)
  const texts = entries.flatMap(([name, value]) => [Buffer.from(name.toLowerCase()), Buffer.from(value)])
  const block = Buffer.alloc(4 + texts.reduce((sum, text) => sum + 4 + text.length, 0))
  let at = block.writeUInt32BE(entries.length)
  for (const text of texts) {
    at = block.writeUInt32BE(text.length, at)
    at += text.copy(block, at)
  }
  return block
}

/** Reads the header blocks of one direction, in order, one at a time. */
export interface HeaderReader {
  /** Rejects where the block is not what the specification says; the session cannot go on then. */
  read(block: Buffer): Promise<SpdyHeaders>
  close(): void
}

export function createHeaderReader(): HeaderReader {
  const options = { dictionary: HEADER_DICTIONARY, flush: constants.Z_SYNC_FLUSH }
  const inflate = createInflate({ ...options, finishFlush: constants.Z_SYNC_FLUSH })
  // A failure reaches whoever reads the block; without a listener it would end the process.
  inflate.on('error', () => {})
  const read = (block: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      const pieces: Buffer[] = []
      let bytes = 0
      const take = () => {
        for (let piece = inflate.read(); piece !== null; piece = inflate.read()) {
          bytes += (piece as Buffer).length
          if (bytes > MAX_HEADER_BYTES)
            return void inflate.destroy(new Error('Headers inflate to more than is allowed'))
          pieces.push(piece as Buffer)
        }
      }
      const settle = (error?: Error | null) => {
        if (!error) take()
        inflate.off('readable', take)
        inflate.off('error', settle)
        if (error) reject(error)
        else resolve(Buffer.concat(pieces))
      }
      inflate.on('readable', take)
      inflate.once('error', settle)
      inflate.write(block, (error) => settle(error))
    })
  return { read: async (block) => parseBlock(await read(block)), close: () => void inflate.destroy() }
}

function parseBlock(block: Buffer): SpdyHeaders {
  let at = 0
  const number = () => {
    if (at + 4 > block.length) throw new Error(`A header block ends at ${block.length}, expected more`)
    return block.readUInt32BE((at += 4) - 4)
  }
  const text = () => {
    const length = number()
    if (at + length > block.length) throw new Error(`A header of ${length} bytes goes beyond its block`)
    return block.toString('utf8', at, (at += length))
  }
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  for (let left = number(); left > 0; left--) {
    const name = text()
    headers[name] = text()
  }
  return headers
}
