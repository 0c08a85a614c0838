import type { InputFile } from '../dataset/inputs.ts'
import type { CsvFormat } from '../dataset/plan.ts'
import type { TextRange } from '../dataset/text-range.ts'
import { readRecord } from './csv.ts'
import { readBytes } from './read-bytes.ts'

const NEWLINE = 10
const QUOTE = 34
const LOOK_BYTES = 4 * 1024 * 1024
const HEADER_BYTES = 64 * 1024
/** A field is not longer than this: its quote was none, and ends of lines count again. */
const QUOTED_BYTES = 16 * 1024 * 1024

/**
 * Cuts a CSV file where records end. A line end within quotes ends none, and only what stands before it says whether it is within:
 * the file is read through once, unless it is small enough for one range.
 */
export async function cutCsv(file: InputFile, blockBytes: number, format: CsvFormat): Promise<readonly TextRange[]> {
  const head = format.header ? await readHeader(file, format) : { columns: undefined, end: 0 }
  const columns = head.columns === undefined ? {} : { columns: head.columns }
  const rangeOf = (from: number, to: number): TextRange => ({ ...identified(file), ...columns, from, to })
  if (file.bytes <= head.end) return []
  if (file.bytes - head.end <= blockBytes) return [rangeOf(head.end, file.bytes)]
  const ranges: TextRange[] = []
  let from = head.end
  for await (const end of recordEnds(file, head.end, blockBytes)) {
    ranges.push(rangeOf(from, end))
    from = end
  }
  if (from < file.bytes) ranges.push(rangeOf(from, file.bytes))
  return ranges
}

export function identified({ path, identity, url, shared }: InputFile): Omit<TextRange, 'from' | 'to'> {
  return { path, identity, ...(url === undefined ? {} : { url }), ...(shared === undefined ? {} : { shared }) }
}

/** Ends of records, each the first one at least `blockBytes` after the last. */
async function* recordEnds(file: InputFile, start: number, blockBytes: number): AsyncGenerator<number> {
  let quoted = false
  let quotedFrom = 0
  let wanted = start + blockBytes
  for (let at = start; at < file.bytes; at += LOOK_BYTES) {
    const bytes = await readBytes(file, at, Math.min(file.bytes, at + LOOK_BYTES))
    if (quoted && at - quotedFrom > QUOTED_BYTES) quoted = false
    for (let from = 0; from < bytes.length;) {
      const quote = bytes.indexOf(QUOTE, from)
      const end = quote < 0 ? bytes.length : quote
      while (!quoted && at + end > wanted) {
        const newline = bytes.indexOf(NEWLINE, Math.max(from, wanted - at))
        if (newline < 0 || newline >= end) break
        yield at + newline + 1
        wanted = at + newline + 1 + blockBytes
      }
      if (quote < 0) break
      quoted = !quoted
      quotedFrom = at + quote
      from = quote + 1
    }
  }
}

async function readHeader(file: InputFile, { delimiter }: CsvFormat) {
  const bytes = await readBytes(file, 0, Math.min(file.bytes, HEADER_BYTES))
  const text = bytes.toString('utf8')
  const mark = text.charCodeAt(0) === 0xfeff ? 1 : 0
  const { fields, end } = readRecord(text, mark, delimiter)
  return { columns: text === '' ? undefined : fields, end: Math.min(file.bytes, Buffer.byteLength(text.slice(0, end))) }
}
