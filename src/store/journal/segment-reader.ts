import { fstatSync, readSync } from 'node:fs'
import { contentLength, FRAME_ALIGNMENT, FRAME_HEADER_BYTES, frameBytes, isContent } from './frame.ts'
import { decodeHeader, decodeMark, FRAMES_AT } from './segment-header.ts'
import type { SegmentHeader } from './segment-header.ts'

/** Frames of a segment are read through a window of so many bytes. */
const WINDOW_BYTES = 1 << 20

/** A segment is not as it was written; the message says in what. */
export class SegmentDamage extends Error {
  override readonly name = 'SegmentDamage'
}

/** What was found in a segment. */
export interface SegmentContent {
  readonly header: SegmentHeader
  /** Where the frames end, and the next one goes. */
  readonly end: number
  /** Bytes behind the end that are left of a frame whose flush never ended; nobody was told of it. */
  readonly torn: number
}

/**
 * Reads the segment open as `fd` and hands over the content of its frames in order. Throws a {@link SegmentDamage} where
 * something that was flushed is not there as it was written. At the end there may be parts of one frame whose flush was
 * under way when the machine stopped: that is no damage.
 */
export function readSegment(fd: number, onFrame: (content: Buffer, offset: number) => void): SegmentContent {
  const { size } = fstatSync(fd)
  const read = windowOn(fd, size)
  const start = Buffer.from(read(0, FRAMES_AT))
  const header = decodeHeader(start)
  if (typeof header === 'string') throw new SegmentDamage(header)
  const flushed = decodeMark(start)
  if (flushed === undefined) throw new SegmentDamage('the checksum of its mark is wrong')
  if (flushed > size) throw new SegmentDamage(`it has ${size} of ${flushed} bytes`)
  let at = FRAMES_AT
  for (let content = frameAt(read, at); content !== undefined; content = frameAt(read, at)) {
    onFrame(content, at)
    at += frameBytes(content.length)
  }
  if (at < flushed) throw damageAt(read, at)
  const last = lastByteAfter(read, at, size)
  if (last > at && frameAfter(read, at, last)) throw damageAt(read, at)
  return { header, end: at, torn: last - at }
}

/** Names what the damaged bytes were about, as far as that can be read. */
function damageAt(read: Read, at: number): SegmentDamage {
  const text = read(at, 1 << 16).toString('latin1')
  const [, resource, key] = /"resource":"([\w.-]{1,200})","key":"([\w.:/-]{1,400})"/.exec(text) ?? []
  const about = resource === undefined ? '' : `, from "${resource}/${key}" on,`
  return new SegmentDamage(`what was written at byte ${at}${about} is damaged`)
}

type Read = (at: number, length: number) => Buffer

/** Reads ahead; what it returns is valid until the next call. */
function windowOn(fd: number, size: number): Read {
  let window = Buffer.alloc(0)
  let from = 0
  return (at, length) => {
    const wanted = Math.max(0, Math.min(length, size - at))
    if (at < from || at + wanted > from + window.length) {
      // Contents are parsed after the next read: each window is memory of its own.
      window = Buffer.allocUnsafe(Math.min(size - at, Math.max(wanted, WINDOW_BYTES)))
      from = at
      let filled = 0
      while (filled < window.length) {
        const bytes = readSync(fd, window, filled, window.length - filled, at + filled)
        if (bytes === 0) break
        filled += bytes
      }
    }
    return window.subarray(at - from, at - from + wanted)
  }
}

/** The content of the frame at `at`; undefined where none is whole. */
function frameAt(read: Read, at: number): Buffer | undefined {
  const header = read(at, FRAME_HEADER_BYTES)
  const length = contentLength(header, at)
  if (length === undefined) return undefined
  const content = read(at + FRAME_HEADER_BYTES, length)
  return content.length === length && isContent(header, content) ? content : undefined
}

/** Behind the last byte that is not zero, from `at` on; `at` where all are. */
function lastByteAfter(read: Read, at: number, size: number): number {
  let last = at
  for (let from = at; from < size; from += WINDOW_BYTES) {
    const bytes = read(from, WINDOW_BYTES)
    for (let i = bytes.length - 1; i >= 0; i--) {
      if (bytes[i] === 0) continue
      last = from + i + 1
      break
    }
  }
  return last
}

/** Whether a whole frame follows: it was only begun when all before it had been flushed. */
function frameAfter(read: Read, at: number, last: number): boolean {
  for (let from = at + FRAME_ALIGNMENT; from < last; from += FRAME_ALIGNMENT)
    if (frameAt(read, from) !== undefined) return true
  return false
}
