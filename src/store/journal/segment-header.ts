import { crc32 } from 'node:zlib'

/**
 * A segment is a file of the store: `state.R` has every object as it was at revision R, `changes.R` what came after R. It
 * begins with a sector that never changes, the header, and one that says how much of the file has been flushed, the mark;
 * frames follow.
 */
export interface SegmentHeader {
  /** The layout of the file; another one is refused. */
  readonly format: 2
  readonly kind: 'state' | 'changes'
  /** The revision of a state, or the one that changes follow. */
  readonly revision: number
  /** How many objects there are at that revision. */
  readonly count: number
}

/** Disks write so many bytes or none of them. */
const SECTOR_BYTES = 512
export const MARK_AT = SECTOR_BYTES
/** Where the first frame begins. */
export const FRAMES_AT = 4096
const CHECKSUM_BYTES = 4

/** The first bytes of a new segment, up to its first frame. */
export function encodeHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(FRAMES_AT)
  bytes.fill(0x20, CHECKSUM_BYTES, SECTOR_BYTES)
  bytes.write(JSON.stringify(header), CHECKSUM_BYTES)
  bytes[SECTOR_BYTES - 1] = 0x0a
  bytes.writeUInt32LE(crc32(bytes.subarray(CHECKSUM_BYTES, SECTOR_BYTES)), 0)
  encodeMark(FRAMES_AT).copy(bytes, MARK_AT)
  return bytes
}

/** The header of a segment; a text says what is wrong with it. */
export function decodeHeader(bytes: Buffer): SegmentHeader | string {
  const sector = bytes.subarray(0, SECTOR_BYTES)
  if (sector.length < SECTOR_BYTES) return `it has ${bytes.length} bytes`
  if (crc32(sector.subarray(CHECKSUM_BYTES)) !== sector.readUInt32LE(0)) return 'the checksum of its header is wrong'
  const header = JSON.parse(sector.toString('utf8', CHECKSUM_BYTES)) as SegmentHeader
  return header.format === 2 ? header : `it has format ${String(header.format)}`
}

/** Says that everything before `flushed` was flushed, and may have been acknowledged. */
export function encodeMark(flushed: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeBigUInt64LE(BigInt(flushed), 0)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8)
  return bytes
}

/** What a segment says to be flushed of it; undefined where that is damaged. */
export function decodeMark(bytes: Buffer): number | undefined {
  const mark = bytes.subarray(MARK_AT, MARK_AT + 12)
  if (mark.length < 12 || crc32(mark.subarray(0, 8)) !== mark.readUInt32LE(8)) return undefined
  return Number(mark.readBigUInt64LE(0))
}
