/** Escapes of string and bytes literals. */
const ESCAPE = /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([^]))/g

const SINGLE: ReadonlyMap<string, number> = new Map(
  Object.entries({ a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92, "'": 39, '"': 34, '`': 96, '?': 63 }),
)

export function unescapeText(body: string): string {
  if (!body.includes('\\')) return body
  return body.replace(ESCAPE, (_, hex, short, long, octal, single) => {
    const code = codeOf(hex ?? short ?? long, octal, single)
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new Error('unable to unescape string')
    return String.fromCodePoint(code)
  })
}

/** In bytes, `\x` and octal escapes are bytes; everything else is UTF-8. */
export function unescapeBytes(body: string): Uint8Array {
  const bytes: number[] = []
  let last = 0
  const plain = (text: string) => bytes.push(...new TextEncoder().encode(text))
  for (const match of body.matchAll(ESCAPE)) {
    plain(body.slice(last, match.index))
    last = match.index + match[0].length
    const [, hex, short, long, octal, single] = match
    if (short !== undefined || long !== undefined) throw new Error('unable to unescape string')
    bytes.push(codeOf(hex, octal, single))
  }
  plain(body.slice(last))
  return Uint8Array.from(bytes)
}

function codeOf(hex: string | undefined, octal: string | undefined, single: string | undefined): number {
  if (hex !== undefined) return Number.parseInt(hex, 16)
  if (octal !== undefined) return Number.parseInt(octal, 8)
  const code = SINGLE.get(single ?? '')
  if (code === undefined) throw new Error('unable to unescape string')
  return code
}
