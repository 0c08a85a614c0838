/**
 * What Go's `encoding/json` says of a text that is no JSON, such as `invalid character '}' looking for beginning of value`:
 * clients show it as it is. Undefined where nothing is wrong.
 */
export function jsonProblem(text: string): string | undefined {
  const scan = new Scan(text)
  try {
    value(scan)
    scan.space()
    if (scan.at < text.length) scan.refuse('after top-level value')
    return undefined
  } catch (error) {
    if (error instanceof Problem) return error.message
    throw error
  }
}

class Problem extends Error {}

class Scan {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  space(): void {
    while (' \t\r\n'.includes(this.text[this.at] ?? 'x')) this.at += 1
  }

  /** The character that comes; a text that ends before is a problem of its own. */
  peek(): string {
    const code = this.text.codePointAt(this.at)
    if (code === undefined) throw new Problem('unexpected end of JSON input')
    return String.fromCodePoint(code)
  }

  refuse(context: string): never {
    throw new Problem(`invalid character ${quoted(this.peek())} ${context}`)
  }
}

function quoted(character: string): string {
  if (character === "'") return `'\\''`
  if (character === '"') return `'"'`
  // Go looks at bytes: of a longer character it shows the first.
  const byte = Buffer.from(character)[0] ?? 0
  const shown = byte < 0x80 || character <= '\u00ff' ? character : String.fromCharCode(byte)
  const hex = (shown.codePointAt(0) ?? 0).toString(16).padStart(2, '0')
  if (shown >= '\u007f' && shown <= '\u00a0') return shown === '\u007f' ? `'\\x7f'` : `'\\u00${hex}'`
  const escaped = JSON.stringify(shown).slice(1, -1)
  return `'${/^\\u00[01]/.test(escaped) ? `\\x${hex}` : escaped}'`
}

const LITERALS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' }

function value(scan: Scan): void {
  scan.space()
  const next = scan.peek()
  if (next === '{') return object(scan)
  if (next === '[') return list(scan)
  if (next === '"') return string(scan)
  if (next === '-' || isDigit(next)) return number(scan)
  const literal = LITERALS[next]
  if (literal === undefined) scan.refuse('looking for beginning of value')
  scan.at += 1
  for (const expected of literal.slice(1)) {
    if (scan.peek() !== expected) scan.refuse(`in literal ${literal} (expecting '${expected}')`)
    scan.at += 1
  }
}

function object(scan: Scan): void {
  scan.at += 1
  scan.space()
  if (scan.peek() === '}') return void (scan.at += 1)
  for (;;) {
    scan.space()
    if (scan.peek() !== '"') scan.refuse('looking for beginning of object key string')
    string(scan)
    scan.space()
    if (scan.peek() !== ':') scan.refuse('after object key')
    scan.at += 1
    value(scan)
    scan.space()
    const next = scan.peek()
    if (next !== ',' && next !== '}') scan.refuse('after object key:value pair')
    scan.at += 1
    if (next === '}') return
  }
}

function list(scan: Scan): void {
  scan.at += 1
  scan.space()
  if (scan.peek() === ']') return void (scan.at += 1)
  for (;;) {
    value(scan)
    scan.space()
    const next = scan.peek()
    if (next !== ',' && next !== ']') scan.refuse('after array element')
    scan.at += 1
    if (next === ']') return
  }
}

function string(scan: Scan): void {
  scan.at += 1
  for (;;) {
    const next = scan.peek()
    if (next === '"') return void (scan.at += 1)
    if (next < ' ') scan.refuse('in string literal')
    scan.at += next.length
    if (next === '\\') escape(scan)
  }
}

function escape(scan: Scan): void {
  const next = scan.peek()
  if (!'bfnrtu\\/"'.includes(next)) scan.refuse('in string escape code')
  scan.at += 1
  if (next !== 'u') return
  for (let i = 0; i < 4; i++) {
    if (!/[0-9a-fA-F]/.test(scan.peek())) scan.refuse('in \\u hexadecimal character escape')
    scan.at += 1
  }
}

const isDigit = (character: string | undefined) => character !== undefined && character >= '0' && character <= '9'

function number(scan: Scan): void {
  if (scan.peek() === '-') scan.at += 1
  if (!isDigit(scan.peek())) scan.refuse('in numeric literal')
  if (scan.peek() === '0') scan.at += 1
  else digits(scan)
  if (scan.text[scan.at] === '.') {
    scan.at += 1
    if (!isDigit(scan.peek())) scan.refuse('after decimal point in numeric literal')
    digits(scan)
  }
  if (scan.text[scan.at] !== 'e' && scan.text[scan.at] !== 'E') return
  scan.at += 1
  if ('+-'.includes(scan.peek())) scan.at += 1
  if (!isDigit(scan.peek())) scan.refuse('in exponent of numeric literal')
  digits(scan)
}

function digits(scan: Scan): void {
  while (isDigit(scan.text[scan.at])) scan.at += 1
}
