import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** Bytes `from` to `to` of a file. */
export interface Range {
  readonly path: string
  readonly from: number
  readonly to: number
}

const BLOCK_BYTES = 4 << 20
const NEWLINE = 10

/** The words of the lines that begin within `range`, counted: what a careful author writes by hand. */
export function countWords(ranges: readonly Range[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const range of ranges) {
    for (const text of texts(range)) {
      for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1)
    }
  }
  return counts
}

/** Whole lines, a block at a time. A line that begins before `from` is of the range before. */
function* texts({ path, from, to }: Range): Generator<string> {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(BLOCK_BYTES)
    let at = from === 0 ? 0 : lineAfter(file, from - 1, buffer)
    const end = to === fstatSync(file).size ? to : lineAfter(file, to - 1, buffer)
    while (at < end) {
      const bytes = buffer.subarray(0, readSync(file, buffer, 0, Math.min(BLOCK_BYTES, end - at), at))
      const cut = at + bytes.length >= end ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1 || bytes.length
      yield bytes.toString('utf8', 0, cut)
      at += cut
    }
  } finally {
    closeSync(file)
  }
}

/** Where the line begins that follows the first end of line at or after `at`. */
function lineAfter(file: number, at: number, buffer: Buffer): number {
  for (;;) {
    const bytes = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, at))
    const found = bytes.indexOf(NEWLINE)
    if (found >= 0) return at + found + 1
    if (bytes.length === 0) return at
    at += bytes.length
  }
}

/** Writes the top 20 as examples/word-count does. */
export function printTop(counts: ReadonlyMap<string, number>): void {
  const top = [...counts].sort((left, right) => right[1] - left[1]).slice(0, 20)
  for (const [word, n] of top) console.log(`${String(n).padStart(10)}  ${word}`)
}
