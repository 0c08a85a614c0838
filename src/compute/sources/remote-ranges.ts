import type { InputFile } from '../dataset/inputs.ts'
import type { TextRange } from '../dataset/text-range.ts'
import { identified } from './csv-ranges.ts'
import { readBytes } from './read-bytes.ts'

const NEWLINE = 10
const LOOK_BYTES = 64 * 1024

/** Cuts an object into ranges of about `blockBytes` that end where lines end: it is looked at around the cuts alone. */
export async function cutRemote(file: InputFile, blockBytes: number): Promise<readonly TextRange[]> {
  const wanted: number[] = []
  if (file.isRanged !== false) for (let at = blockBytes; at < file.bytes; at += blockBytes) wanted.push(at)
  const ends = await Promise.all(wanted.map((at) => lineEndAfter(file, at)))
  const cuts = [...new Set(ends.filter((end) => end < file.bytes))]
  return [...cuts, file.bytes].map((to, index) => ({ ...identified(file), from: cuts[index - 1] ?? 0, to }))
}

async function lineEndAfter(file: InputFile, from: number): Promise<number> {
  for (let at = from; at < file.bytes; at += LOOK_BYTES) {
    const found = (await readBytes(file, at, Math.min(file.bytes, at + LOOK_BYTES))).indexOf(NEWLINE)
    if (found >= 0) return at + found + 1
  }
  return file.bytes
}
