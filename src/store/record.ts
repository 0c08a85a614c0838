import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Entry } from './store.ts'

/** Bytes that hold the CRC-32 of the rest. */
const CHECKSUM_BYTES = 4
/** LMDB takes keys of up to 1,978 bytes. */
const MAX_KEY_BYTES = 1900

/** What the data file says of itself, written with each flush. */
export interface Header {
  /** The layout of the records; another one is refused. */
  readonly format: 1
  readonly revision: number
  /** How many records there are besides this one: a lost one is missed. */
  readonly count: number
}

/** No resource has this name, as each begins with a letter. */
export const HEADER_KEY = Buffer.from('!header')

/** The key of a record, `resource/key`, or a digest of that where it is too long for the file. */
export function recordKey(resource: string, key: string): Buffer {
  const path = Buffer.from(`${resource}/${key}`)
  return path.length <= MAX_KEY_BYTES ? path : Buffer.from(`#${createHash('sha256').update(path).digest('hex')}`)
}

/** `content` as JSON, behind its checksum. */
export function encodeRecord(content: Entry | Header): Buffer {
  const json = JSON.stringify(content)
  const record = Buffer.allocUnsafe(CHECKSUM_BYTES + Buffer.byteLength(json))
  record.write(json, CHECKSUM_BYTES)
  record.writeUInt32LE(crc32(record.subarray(CHECKSUM_BYTES)), 0)
  return record
}

/** The content of a record; undefined where its bytes are not those that were written. */
export function decodeRecord(record: Buffer): unknown {
  if (record.length <= CHECKSUM_BYTES) return undefined
  const json = record.subarray(CHECKSUM_BYTES)
  return crc32(json) === record.readUInt32LE(0) ? JSON.parse(json.toString()) : undefined
}
