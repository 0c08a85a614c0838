import { pathToFileURL } from 'node:url'
import type { Insertion } from './site.ts'

/** A `sourceMappingURL` comment for text to which insertions were made, so that stacks show the original's columns. */
export function sourceMapComment(file: string, text: string, insertions: readonly Insertion[]): string {
  const map = { version: 3, sources: [pathToFileURL(file).href], names: [], mappings: mappings(text, insertions) }
  return `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`
}

/** One segment at the start of every line and one after every insertion. Insertions are on one line, but for the last. */
function mappings(text: string, insertions: readonly Insertion[]): string {
  const lines: string[] = []
  let start = 0
  let next = 0
  let lastLine = 0
  let lastColumn = 0
  for (let line = 0; start <= text.length; line++) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    const segments: string[] = []
    let generated = 0
    const add = (generatedColumn: number, column: number): void => {
      segments.push(vlq(generatedColumn - generated) + 'A' + vlq(line - lastLine) + vlq(column - lastColumn))
      generated = generatedColumn
      lastLine = line
      lastColumn = column
    }
    add(0, 0)
    let added = 0
    for (let item = insertions[next]; item && item.at <= end && item.at < text.length; item = insertions[++next]) {
      added += item.text.length
      add(item.at - start + added, item.at - start)
    }
    lines.push(segments.join(','))
    start = end + 1
  }
  return lines.join(';')
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function vlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1
  let text = ''
  do {
    const digit = rest & 31
    rest >>>= 5
    text += DIGITS[rest > 0 ? digit | 32 : digit]
  } while (rest > 0)
  return text
}
