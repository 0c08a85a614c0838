import { constants } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeFrame, frameBytes } from './frame.ts'
import { encodeHeader, encodeMark, FRAMES_AT, MARK_AT } from './segment-header.ts'
import type { SegmentHeader } from './segment-header.ts'

/** The file grows by an eighth of itself, and by so much at the least and the most. */
const GROWTH_BYTES = { least: 1 << 20, most: 1 << 24 }
const ZEROS = Buffer.alloc(1 << 20)

/**
 * A segment that is written to. It is longer than what is in it: zeros are written ahead, so that a full disk is met there,
 * and a flush need not write the file's length too.
 */
export class SegmentFile {
  readonly #handle: FileHandle
  /** Where the next frame goes. */
  #end: number
  /** Up to here the file has zeros, or what a failed write has left. */
  #length: number
  /** Behind this there is nothing that a failed write may have left. */
  #soiledUntil = 0
  #marking: Promise<void> = Promise.resolve()

  constructor(handle: FileHandle, end: number, length: number) {
    this.#handle = handle
    this.#end = end
    this.#length = length
  }

  /** The bytes of its header and its frames. */
  get end(): number {
    return this.#end
  }

  /**
   * Writes a frame and flushes it. Where that fails nothing of it is left that could be taken for a frame, and it may be
   * tried again: the next frame is written over it, so that all its pages are flushed anew.
   */
  async append(content: Buffer): Promise<void> {
    await this.write(content, () => this.#handle.datasync())
  }

  /** Notes how far it is flushed, without a flush: it only serves to tell damage from what was never acknowledged. */
  mark(): Promise<void> {
    this.#marking = this.#marking.then(() => this.#mark()).catch(() => undefined)
    return this.#marking
  }

  /** The same without a flush, unless `flush` does one. */
  async write(content: Buffer, flush?: () => Promise<void>): Promise<void> {
    const bytes = frameBytes(content.length)
    await this.#reserve(this.#end + bytes)
    try {
      const pieces = [...encodeFrame(content, this.#end)]
      if (this.#soiledUntil > this.#end + bytes) pieces.push(Buffer.alloc(this.#soiledUntil - this.#end - bytes))
      await this.#writeAll(pieces, this.#end)
      await flush?.()
    } catch (error) {
      this.#soiledUntil = Math.max(this.#soiledUntil, this.#end + bytes)
      await this.#handle.write(Buffer.alloc(16), 0, 16, this.#end).catch(() => undefined)
      throw error
    }
    this.#end += bytes
    this.#soiledUntil = 0
  }

  /** Cuts off what was reserved and flushes everything: for a segment that is complete. */
  async finish(): Promise<void> {
    await this.#handle.truncate(this.#end)
    this.#length = this.#end
    await this.#mark()
    await this.#handle.sync()
  }

  async close(): Promise<void> {
    await this.mark()
    await this.#handle.close()
  }

  async #mark(): Promise<void> {
    await this.#handle.write(encodeMark(this.#end), 0, undefined, MARK_AT)
  }

  async #writeAll(pieces: Buffer[], at: number): Promise<void> {
    const { bytesWritten } = await this.#handle.writev(pieces, at)
    const wanted = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (bytesWritten < wanted) {
      const rest = Buffer.concat(pieces).subarray(bytesWritten)
      const { bytesWritten: more } = await this.#handle.write(rest, 0, rest.length, at + bytesWritten)
      if (more < rest.length) throw new Error(`${bytesWritten + more} of ${wanted} bytes were written`)
    }
  }

  async #reserve(needed: number): Promise<void> {
    if (this.#length >= needed) return
    const growth = Math.min(Math.max(needed >> 3, GROWTH_BYTES.least), GROWTH_BYTES.most)
    await this.#extend(needed + growth).catch(() => this.#extend(needed))
  }

  async #extend(to: number): Promise<void> {
    try {
      for (let at = this.#length; at < to;)
        at += (await this.#handle.write(ZEROS, 0, Math.min(ZEROS.length, to - at), at)).bytesWritten
      this.#length = to
    } catch (error) {
      await this.#handle.truncate(this.#length).catch(() => undefined)
      throw error
    }
  }
}

/** Makes a segment under its name followed by `.new`; {@link publishSegment} gives it its name. */
export async function createSegment(directory: string, name: string, header: SegmentHeader): Promise<SegmentFile> {
  const handle = await open(join(directory, `${name}.new`), 'w+', 0o600)
  try {
    await handle.write(encodeHeader(header), 0, FRAMES_AT, 0)
    return new SegmentFile(handle, FRAMES_AT, FRAMES_AT)
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Flushes a new segment and gives it its name, for good: from then on the store is made of it too. */
export async function publishSegment(directory: string, name: string, segment: SegmentFile): Promise<void> {
  await segment.finish()
  await rename(join(directory, `${name}.new`), join(directory, name))
  await syncDirectory(directory)
}

/** Opens a segment to go on at `end`. What is `torn` behind it is cut off first. */
export async function reopenSegment(path: string, end: number, torn: number): Promise<SegmentFile> {
  const handle = await open(path, constants.O_RDWR)
  try {
    if (torn > 0) {
      await handle.truncate(end)
      await handle.sync()
    }
    return new SegmentFile(handle, end, (await handle.stat()).size)
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Makes the names in a directory durable, without which the content of its files would be of no use. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY)
  await handle.sync().finally(() => handle.close())
}
