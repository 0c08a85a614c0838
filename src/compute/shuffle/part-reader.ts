import { closeSync, openSync, readSync } from 'node:fs'
import { crc32, zstdDecompressSync } from 'node:zlib'
import { isLocalAddress } from '../wire/parts.ts'
import type { PartStore } from '../worker/part-store.ts'
import type { PartRef } from './output.ts'

/** A part that was written and cannot be had any more: whoever made it has to make it again. */
export class PartLostError extends Error {
  readonly output: number

  constructor(output: number, reason: string) {
    super(reason)
    this.output = output
  }
}

/** Larger pieces are asked for by and by, so that no side holds more than this of one. */
const FETCH_BYTES = 4 * 1024 * 1024
/** So many outputs are asked for ahead of the one that is read. */
const AHEAD = 4

/**
 * The blocks of `refs`, in order, each as it was written: read in place where its file is of this machine and can be seen here,
 * else fetched from its worker, and checked either way. Throws a PartLostError where that fails.
 */
export async function* readParts(refs: readonly PartRef[], store: PartStore): AsyncGenerator<Uint8Array> {
  const upcoming: Promise<readonly Uint8Array[]>[] = []
  for (let index = 0; index < refs.length; index++) {
    const ref = refs[index]!
    const seen = readHere(ref)
    if (seen !== undefined) {
      yield* decompressed(ref, seen)
      continue
    }
    for (let ahead = index; ahead < Math.min(refs.length, index + AHEAD); ahead++) {
      upcoming[ahead] ??= handled(fetchAll(refs[ahead]!, store))
    }
    yield* decompressed(ref, await upcoming[index]!)
    upcoming[index] = DONE
  }
}

const DONE = Promise.resolve([])

function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

function* decompressed(ref: PartRef, blocks: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const block of blocks) yield ref.compressed ? zstdDecompressSync(block) : block
}

/** Undefined where the file cannot be seen here, or does not hold what it should: then its worker is asked. */
function readHere({ address, file, pieces }: PartRef): Uint8Array[] | undefined {
  if (!isLocalAddress(address)) return undefined
  let handle: number
  try {
    handle = openSync(file, 'r')
  } catch {
    return undefined
  }
  try {
    const blocks: Uint8Array[] = []
    for (let at = 0; at < pieces.length; at += 3) {
      const block = new Uint8Array(pieces[at + 1]! - pieces[at]!)
      let read = 0
      while (read < block.byteLength) {
        const more = readSync(handle, block, read, block.byteLength - read, pieces[at]! + read)
        if (more === 0) return undefined
        read += more
      }
      if (crc32(block) !== pieces[at + 2]) return undefined
      blocks.push(block)
    }
    return blocks
  } catch {
    return undefined
  } finally {
    closeSync(handle)
  }
}

async function fetchAll(ref: PartRef, store: PartStore): Promise<readonly Uint8Array[]> {
  const { id, address, file, pieces } = ref
  const blocks: Uint8Array[] = []
  for (let at = 0; at < pieces.length; at += 3) {
    const [from, to] = [pieces[at]!, pieces[at + 1]!]
    const block = new Uint8Array(to - from)
    try {
      for (let start = from; start < to; start += FETCH_BYTES) {
        block.set(await store.fetch(address, file, start, Math.min(to, start + FETCH_BYTES)), start - from)
      }
    } catch (error) {
      throw new PartLostError(id, (error as Error).message)
    }
    if (crc32(block) !== pieces[at + 2]) throw new PartLostError(id, `bytes ${from} to ${to} of "${file}" are damaged`)
    blocks.push(block)
  }
  return blocks
}
