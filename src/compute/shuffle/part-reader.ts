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
/** Pieces are asked for ahead of the one that is read while they are no more than this together. */
const AHEAD_BYTES = 16 * 1024 * 1024

/** Bytes of one partition that were written in one go. */
interface Piece {
  readonly ref: PartRef
  readonly from: number
  readonly to: number
  readonly checksum: number
}

/**
 * The blocks of `refs`, in order, each as it was written: read in place where its file is of this machine and can be seen here,
 * else fetched from its worker, and checked either way. Throws a PartLostError where that fails. Holds a block, and those that it
 * has asked for ahead. A block in memory that is used again is good until the next one.
 */
export async function* readParts(
  refs: readonly PartRef[],
  store: PartStore,
  memory: 'of its own' | 'used again' = 'of its own',
): AsyncGenerator<Uint8Array> {
  const pieces = refs.flatMap(piecesOf)
  using here = createPlaceReader(memory === 'used again' ? reused() : (bytes) => new Uint8Array(bytes))
  const asked = new Map<Piece, Promise<Uint8Array>>()
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[index]!
    let block = here.read(piece)
    if (block === undefined) {
      askAhead(pieces, index, asked, store, here)
      block = await asked.get(piece)!
      asked.delete(piece)
    }
    yield piece.ref.compressed ? zstdDecompressSync(block) : block
  }
}

function piecesOf(ref: PartRef): Piece[] {
  const { pieces } = ref
  return Array.from({ length: pieces.length / 3 }, (_, index) => ({
    ref,
    from: pieces[index * 3]!,
    to: pieces[index * 3 + 1]!,
    checksum: pieces[index * 3 + 2]!,
  }))
}

function askAhead(
  pieces: readonly Piece[],
  from: number,
  asked: Map<Piece, Promise<Uint8Array>>,
  store: PartStore,
  here: PlaceReader,
): void {
  let bytes = 0
  for (let index = from; index < pieces.length && (index === from || bytes < AHEAD_BYTES); index++) {
    const piece = pieces[index]!
    if (here.mayRead(piece)) continue
    if (!asked.has(piece)) asked.set(piece, handled(fetchPiece(piece, store)))
    bytes += piece.to - piece.from
  }
}

function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** Reads files in place. What it once could not read of a file is asked for elsewhere, and so is all that follows there. */
interface PlaceReader extends Disposable {
  read(piece: Piece): Uint8Array | undefined
  mayRead(piece: Piece): boolean
}

/** One piece of memory, as large as was ever wanted. */
function reused(): (bytes: number) => Uint8Array {
  let memory = new Uint8Array(0)
  return (bytes) => {
    if (memory.byteLength < bytes) memory = new Uint8Array(bytes)
    return memory.subarray(0, bytes)
  }
}

function createPlaceReader(memoryFor: (bytes: number) => Uint8Array): PlaceReader {
  const unseen = new Set<PartRef>()
  let open: { readonly ref: PartRef; readonly handle: number } | undefined
  const close = () => {
    if (open !== undefined) closeSync(open.handle)
    open = undefined
  }
  const mayRead = ({ ref }: Piece) => isLocalAddress(ref.address) && !unseen.has(ref)
  return {
    mayRead,
    read(piece) {
      if (!mayRead(piece)) return undefined
      try {
        if (open?.ref !== piece.ref) {
          close()
          open = { ref: piece.ref, handle: openSync(piece.ref.file, 'r') }
        }
        const block = bytesAt(open.handle, piece, memoryFor(piece.to - piece.from))
        if (block !== undefined && crc32(block) === piece.checksum) return block
      } catch {
        // Its worker is asked.
      }
      unseen.add(piece.ref)
      return undefined
    },
    [Symbol.dispose]: close,
  }
}

function bytesAt(handle: number, { from }: Piece, block: Uint8Array): Uint8Array | undefined {
  for (let read = 0; read < block.byteLength;) {
    const more = readSync(handle, block, read, block.byteLength - read, from + read)
    if (more === 0) return undefined
    read += more
  }
  return block
}

async function fetchPiece({ ref, from, to, checksum }: Piece, store: PartStore): Promise<Uint8Array> {
  const { id, address, file } = ref
  const block = new Uint8Array(to - from)
  try {
    for (let start = from; start < to; start += FETCH_BYTES) {
      block.set(await store.fetch(address, file, start, Math.min(to, start + FETCH_BYTES)), start - from)
    }
  } catch (error) {
    throw new PartLostError(id, (error as Error).message)
  }
  if (crc32(block) !== checksum) throw new PartLostError(id, `bytes ${from} to ${to} of "${file}" are damaged`)
  return block
}
