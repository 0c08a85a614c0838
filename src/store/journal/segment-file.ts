import { constants } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeFrame, frameBytes } from './frame.ts'
import { encodeHeader, encodeMark, FRAMES_AT, MARK_AT } from './segment-header.ts'
import type { SegmentHeader } from './segment-header.ts'

/** The file grows by an eighth of itself, and by so much at the least and the most. */
const GROWTH_BYTES = { least: 1 << 20, most: 1 << 24 }
const ZEROS = Buffer.alloc(1 << 18)
/** More bytes than these are not left for one flush: whoever else writes to the disk would wait for all of them. */
const MOST_UNFLUSHED_BYTES = 1 << 20
/** Linux flushes what such a file is given before a write returns, which is a call less; elsewhere it may mean less than a flush. */
const SYNCED = process.platform === 'linux' ? constants.O_DSYNC : 0

/** A file that is open twice: writes to `synced`, where there is one, return when they are flushed. */
interface Handles {
  readonly plain: FileHandle
  readonly synced?: FileHandle
}

/**
 * A segment that is written to. One of changes is longer than what is in it: zeros are written ahead, so that a full disk is
 * met there, and a flush need not write the file's length too.
 */
export class SegmentFile {
  readonly #handles: Handles
  /** Where the next frame goes. */
  #end: number
  /** Up to here the file has zeros, or what a failed write has left. */
  #length: number
  /** Behind this there is nothing that a failed write may have left. */
  #soiledUntil = 0
  /** Bytes that were written without a flush since the last one. */
  #unflushed = 0
  #marking: Promise<void> = Promise.resolve()
  /** Zeros being written while there is room left for frames. */
  #growing: Promise<void> | undefined

  constructor(handles: Handles, end: number, length: number) {
    this.#handles = handles
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
    await this.#reserve(this.#end + frameBytes(content.length))
    const { plain, synced } = this.#handles
    await this.#put(content, synced ?? plain)
    if (this.#growing === undefined && this.#length - this.#end < growthAt(this.#end) / 2) this.#growing = this.#grow()
  }

  /** Writes a frame that is flushed when the segment is finished, or before. */
  async write(content: Buffer): Promise<void> {
    await this.#put(content, this.#handles.plain)
    this.#unflushed += content.length
    if (this.#unflushed < MOST_UNFLUSHED_BYTES) return
    this.#unflushed = 0
    await this.#handles.plain.datasync()
  }

  /** Notes how far it is flushed, without a flush: it only serves to tell damage from what was never acknowledged. */
  mark(): Promise<void> {
    this.#marking = this.#marking.then(() => this.#mark()).catch(() => undefined)
    return this.#marking
  }

  /** Flushes the newest mark, and whatever else is not flushed; never fails. */
  async flushMark(): Promise<void> {
    await this.#marking
    await this.#handles.plain.datasync().catch(() => undefined)
  }

  /** Cuts off what was reserved and flushes everything: for a segment that is complete. */
  async finish(): Promise<void> {
    const { plain } = this.#handles
    await plain.truncate(this.#end)
    this.#length = this.#end
    await this.#mark()
    await plain.sync()
  }

  async close(): Promise<void> {
    await this.#growing
    await this.mark()
    await this.#handles.synced?.close()
    await this.#handles.plain.close()
  }

  async #put(content: Buffer, handle: FileHandle): Promise<void> {
    const bytes = frameBytes(content.length)
    try {
      const pieces = [...encodeFrame(content, this.#end)]
      if (this.#soiledUntil > this.#end + bytes) pieces.push(Buffer.alloc(this.#soiledUntil - this.#end - bytes))
      await writeAll(handle, pieces, this.#end)
      if (SYNCED === 0 && this.#handles.synced === handle) await handle.datasync()
    } catch (error) {
      this.#soiledUntil = Math.max(this.#soiledUntil, this.#end + bytes)
      await this.#handles.plain.write(Buffer.alloc(16), 0, 16, this.#end).catch(() => undefined)
      throw error
    }
    this.#end += bytes
    this.#length = Math.max(this.#length, this.#end)
    this.#soiledUntil = 0
  }

  async #mark(): Promise<void> {
    await this.#handles.plain.write(encodeMark(this.#end), 0, undefined, MARK_AT)
  }

  async #reserve(needed: number): Promise<void> {
    if (this.#length < needed) await this.#growing
    if (this.#length < needed) await this.#extend(needed + growthAt(needed)).catch(() => this.#extend(needed))
  }

  /** Writes zeros ahead, a little at a time, so that frames need not wait for them. A disk that is full is met later. */
  async #grow(): Promise<void> {
    const until = this.#end + growthAt(this.#end)
    try {
      while (this.#length < until) {
        await this.#extend(Math.min(until, this.#length + MOST_UNFLUSHED_BYTES))
        await this.#handles.plain.datasync()
      }
    } catch {
    } finally {
      this.#growing = undefined
    }
  }

  async #extend(to: number): Promise<void> {
    const { plain } = this.#handles
    try {
      for (let at = this.#length; at < to;)
        at += (await plain.write(ZEROS, 0, Math.min(ZEROS.length, to - at), at)).bytesWritten
      this.#length = to
    } catch (error) {
      await plain.truncate(this.#length).catch(() => undefined)
      throw error
    }
  }
}

const growthAt = (bytes: number) => Math.min(Math.max(bytes >> 3, GROWTH_BYTES.least), GROWTH_BYTES.most)

async function writeAll(handle: FileHandle, pieces: Buffer[], at: number): Promise<void> {
  const { bytesWritten } = await handle.writev(pieces, at)
  const wanted = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (bytesWritten === wanted) return
  const rest = Buffer.concat(pieces).subarray(bytesWritten)
  const { bytesWritten: more } = await handle.write(rest, 0, rest.length, at + bytesWritten)
  if (more < rest.length) throw new Error(`${bytesWritten + more} of ${wanted} bytes were written`)
}

/** Makes a segment under its name followed by `.new`; {@link publishSegment} gives it its name. */
export async function createSegment(directory: string, name: string, header: SegmentHeader): Promise<SegmentFile> {
  const path = join(directory, `${name}.new`)
  const plain = await open(path, 'w+', 0o600)
  return await orClose(plain, async () => {
    await plain.write(encodeHeader(header), 0, FRAMES_AT, 0)
    return new SegmentFile(header.kind === 'state' ? { plain } : await withSynced(plain, path), FRAMES_AT, FRAMES_AT)
  })
}

/** Flushes a new segment and gives it its name, for good: from then on the store is made of it too. */
export async function publishSegment(directory: string, name: string, segment: SegmentFile): Promise<void> {
  await segment.finish()
  await rename(join(directory, `${name}.new`), join(directory, name))
  await syncDirectory(directory)
}

/** Opens a segment to go on at `end`. What is `torn` behind it is cut off first. */
export async function reopenSegment(path: string, end: number, torn: number): Promise<SegmentFile> {
  const plain = await open(path, constants.O_RDWR)
  return await orClose(plain, async () => {
    if (torn > 0) {
      await plain.truncate(end)
      await plain.sync()
    }
    return new SegmentFile(await withSynced(plain, path), end, (await plain.stat()).size)
  })
}

async function withSynced(plain: FileHandle, path: string): Promise<Handles> {
  return { plain, synced: await open(path, constants.O_RDWR | SYNCED) }
}

async function orClose<T>(handle: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
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
