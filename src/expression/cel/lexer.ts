import type { Value } from './values.ts'
import { Uint } from './values.ts'
import { CompileError } from './syntax.ts'
import { unescapeBytes, unescapeText } from './literals.ts'

export type TokenKind = 'identifier' | 'quoted' | 'literal' | 'sign' | 'end'

export interface Token {
  readonly kind: TokenKind
  readonly at: number
  /** As written. */
  readonly text: string
  readonly value?: Value
}

const SPACE = /(?:[\t\r\n\f ]|\/\/[^\n]*)*/y
const WORD = /[_a-zA-Z][_a-zA-Z0-9]*/y
const QUOTED = /`[a-zA-Z0-9_\-./ ]+`/y
const NUMBER = /0x[0-9a-fA-F]+[uU]?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?/y
const TEXT =
  /[bB]?[rR]?(?:"""[^]*?(?<!\\)(?:\\\\)*"""|'''[^]*?(?<!\\)(?:\\\\)*'''|"(?:\\.|[^"\\\r\n])*"|'(?:\\.|[^'\\\r\n])*')/y
const RAW = /[bB]?[rR][bB]?(?:"""[^]*?"""|'''[^]*?'''|"[^"\r\n]*"|'[^'\r\n]*')/y
const SIGN = /&&|\|\||[<>=!]=|[-+*/%<>!?:.,()[\]{}]/y

/** The tokens of a source, the last of them `end`. */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0]
  }
  for (;;) {
    at += match(SPACE)?.length ?? 0
    if (at >= source.length) break
    const token = next(source, at, match)
    tokens.push(token)
    at += token.text.length
  }
  tokens.push({ kind: 'end', at: source.length, text: '<EOF>' })
  return tokens
}

function next(source: string, at: number, match: (pattern: RegExp) => string | undefined): Token {
  const raw = match(RAW)
  if (raw !== undefined) return { kind: 'literal', at, text: raw, value: textValue(source, at, raw) }
  const text = match(TEXT)
  if (text !== undefined) return { kind: 'literal', at, text, value: textValue(source, at, text) }
  const word = match(WORD)
  if (word !== undefined) return wordToken(at, word)
  const quoted = match(QUOTED)
  if (quoted !== undefined) return { kind: 'quoted', at, text: quoted }
  const number = match(NUMBER)
  if (number !== undefined) return { kind: 'literal', at, text: number, value: numberValue(source, at, number) }
  const sign = match(SIGN)
  if (sign !== undefined) return { kind: 'sign', at, text: sign }
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0)
  throw new CompileError(source, [{ at, message: `Syntax error: token recognition error at: '${character}'` }])
}

const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['false', false],
  ['null', null],
])

function wordToken(at: number, text: string): Token {
  const value = WORDS.get(text)
  if (text === 'in') return { kind: 'sign', at, text }
  return value === undefined ? { kind: 'identifier', at, text } : { kind: 'literal', at, text, value }
}

function numberValue(source: string, at: number, text: string): Value {
  if (!text.startsWith('0x') && /[.eE]/.test(text)) return Number(text)
  const unsigned = /[uU]$/.test(text)
  const value = BigInt(unsigned ? text.slice(0, -1) : text)
  if (unsigned) {
    if (value < 1n << 64n) return new Uint(value)
    throw new CompileError(source, [{ at, message: 'invalid uint literal' }])
  }
  // The least int is written as the negation of what is one too many; the parser looks at that.
  if (value <= 1n << 63n) return value
  throw new CompileError(source, [{ at, message: 'invalid int literal' }])
}

function textValue(source: string, at: number, text: string): Value {
  const prefix = /^[bBrR]*/.exec(text)?.[0].toLowerCase() ?? ''
  const quoted = text.slice(prefix.length)
  const width = quoted.startsWith('"""') || quoted.startsWith("'''") ? 3 : 1
  const body = quoted.slice(width, -width).replaceAll('\r\n', '\n')
  const raw = prefix.includes('r')
  try {
    if (prefix.includes('b')) return raw ? new TextEncoder().encode(body) : unescapeBytes(body)
    return raw ? body : unescapeText(body)
  } catch (error) {
    throw new CompileError(source, [{ at, message: error instanceof Error ? error.message : String(error) }])
  }
}
