import { pathToFileURL } from 'node:url'
import type { Insertion } from './site.ts'

/** A `sourceMappingURL` comment for text to which insertions were made, so that stacks show the original's columns. */
export function sourceMapComment(file: string, text: string, insertions: readonly Insertion[]): string {
  const map = { version: 3, sources: [pathToFileURL(file).href], names: [], mappings: mappings(text, insertions) }
  return `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`
}

/** Where the engine can say that it is: at words and signs. */
const TOKEN = /[\w$]+|[^\s\w$]/g

/** One segment at every token, for what reads the map takes the last one before a place, not the distance from it. */
function mappings(text: string, insertions: readonly Insertion[]): string {
  const lines: string[] = []
  let start = 0
  let next = 0
  let lastLine = 0
  let lastColumn = 0
  text.split('\n').forEach((content, line) => {
    let result = ''
    let generated = 0
    let added = 0
    for (const { index } of content.matchAll(TOKEN)) {
      for (let item = insertions[next]; item && item.at <= start + index; item = insertions[++next])
        added += item.text.length
      result += (result && ',') + vlq(index + added - generated) + 'A' + vlq(line - lastLine) + vlq(index - lastColumn)
      generated = index + added
      lastLine = line
      lastColumn = index
    }
    lines.push(result)
    start += content.length + 1
    for (let item = insertions[next]; item && item.at < start; item = insertions[next]) next++
  })
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
