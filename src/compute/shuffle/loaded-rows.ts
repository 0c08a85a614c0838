import { decodeValue } from '../wire/values.ts'
import type { NativeBuffer } from './native-buffer.ts'
import { RowBytes } from './sort-key.ts'
import type { SortBlock } from './sort-block.ts'

/** Rows that lie in one buffer: where keys begin and end, and where values end. */
export interface LoadedRows {
  readonly bytes: NativeBuffer
  readonly starts: Uint32Array
  readonly keyEnds: Uint32Array
  readonly ends: Uint32Array
  readonly isSelf: Uint8Array
  readonly count: number
}

/** The record of a row: its key, without the mark that says that it is a string, or what was encoded behind it. */
export function recordAt({ bytes, starts, keyEnds, ends, isSelf }: LoadedRows, row: number, ascii: boolean): unknown {
  if (isSelf[row] === 0) return decodeValue(bytes.subarray(keyEnds[row]!, ends[row]))
  const from = starts[row]! + 1
  return ascii ? bytes.latin1Slice(from, keyEnds[row]) : bytes.utf8Slice(from, keyEnds[row])
}

const FIRST_ROWS = 1 << 14

/**
 * Gathers blocks of rows. Its memory is used again after `clear`, where all rows were texts: what was given away as large buffers with
 * every task, and freed with the garbage later on, left the worker with three times as much memory as it uses. Records with values of
 * their own may look into the memory that they were read from, which is left to them.
 */
export class RowLoader {
  #bytes = new RowBytes(0)
  #places = places(FIRST_ROWS)
  #count = 0
  #isText = true

  get count(): number {
    return this.#count
  }

  get byteLength(): number {
    return this.#bytes.length
  }

  /** So many bytes are to come: they are given room at once. */
  expect(bytes: number): void {
    this.#bytes.reserve(bytes)
  }

  add({ bytes, rows, keyLengths, valueLengths, isSelf }: SortBlock): void {
    let at = this.#bytes.length
    this.#bytes.append(bytes)
    while (this.#count + rows > this.#places.starts.length) this.#places = wider(this.#places)
    const { starts, keyEnds, ends, isSelf: selves } = this.#places
    selves.fill(isSelf ? 1 : 0, this.#count, this.#count + rows)
    for (let index = 0; index < rows; index++) {
      const row = this.#count++
      starts[row] = at
      at += keyLengths[index]!
      keyEnds[row] = at
      if (valueLengths !== undefined) at += valueLengths[index]!
      ends[row] = at
    }
    this.#isText &&= isSelf
  }

  /** What was added, good until `clear`. */
  rows(): LoadedRows {
    return { ...this.#places, bytes: this.#bytes.bytes, count: this.#count }
  }

  clear(): void {
    if (!this.#isText) this.#bytes = new RowBytes(0)
    this.#bytes.length = 0
    this.#count = 0
    this.#isText = true
  }
}

function places(rows: number) {
  return {
    starts: new Uint32Array(rows),
    keyEnds: new Uint32Array(rows),
    ends: new Uint32Array(rows),
    isSelf: new Uint8Array(rows),
  }
}

function wider(from: ReturnType<typeof places>): ReturnType<typeof places> {
  const to = places(from.starts.length * 2)
  for (const name of ['starts', 'keyEnds', 'ends', 'isSelf'] as const) to[name].set(from[name])
  return to
}
