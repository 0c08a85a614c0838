import type { Token } from './lexer.ts'
import { tokenize } from './lexer.ts'
import { expandMacro } from './macros.ts'
import type { Expression, MapEntry, MessageField } from './syntax.ts'
import { CompileError } from './syntax.ts'

const MAX_DEPTH = 250
const MAX_LENGTH = 100_000

/** Reads an expression and expands its macros. Throws a CompileError at the first thing that cannot be read. */
export function parse(source: string): Expression {
  if (source.length > MAX_LENGTH) {
    const message = `expression code point size exceeds limit: size: ${source.length}, limit ${MAX_LENGTH}`
    throw new CompileError(source, [{ at: 0, message }])
  }
  const reader = new Reader(source)
  const expression = readExpression(reader)
  if (reader.token.kind !== 'end') {
    reader.fail(`Syntax error: mismatched input '${reader.token.text}' expecting <EOF>`)
  }
  return expression
}

/** The tokens of one source with a place in them. */
class Reader {
  readonly source: string
  readonly #tokens: readonly Token[]
  #next = 0
  depth = 0
  constructor(source: string) {
    this.source = source
    this.#tokens = tokenize(source)
  }
  get token(): Token {
    const token = this.#tokens[Math.min(this.#next, this.#tokens.length - 1)]
    if (token === undefined) throw new Error('A source without an end')
    return token
  }
  get following(): Token | undefined {
    return this.#tokens[this.#next + 1]
  }
  take(): Token {
    const { token } = this
    this.#next++
    return token
  }
  is(text: string): boolean {
    return this.token.kind === 'sign' && this.token.text === text
  }
  /** The token, taken, where it is this sign. */
  accept(text: string): Token | undefined {
    return this.is(text) ? this.take() : undefined
  }
  expect(text: string): Token {
    const token = this.accept(text)
    if (token !== undefined) return token
    if (this.token.kind === 'end') this.fail(`Syntax error: missing '${text}' at '<EOF>'`)
    return this.fail(`Syntax error: mismatched input '${this.token.text}' expecting '${text}'`)
  }
  fail(message: string, at = this.token.at): never {
    throw new CompileError(this.source, [{ at, message }])
  }
}

const PRIMARY =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

function readExpression(reader: Reader): Expression {
  if (++reader.depth > MAX_DEPTH) reader.fail(`expression recursion limit exceeded: ${MAX_DEPTH}`)
  const condition = readBinary(reader, 0)
  const question = reader.accept('?')
  let expression = condition
  if (question !== undefined) {
    const then = readBinary(reader, 0)
    reader.expect(':')
    expression = call('_?_:_', question.at, [condition, then, readExpression(reader)])
  }
  reader.depth--
  return expression
}

/** By how tightly they bind, the loosest first. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['<', '<=', '>=', '>', '==', '!=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
]

function readBinary(reader: Reader, level: number): Expression {
  const signs = LEVELS[level]
  if (signs === undefined) return readUnary(reader)
  let left = readBinary(reader, level + 1)
  while (reader.token.kind === 'sign' && signs.includes(reader.token.text)) {
    const sign = reader.take()
    const right = readBinary(reader, level + 1)
    left = call(sign.text === 'in' ? '@in' : `_${sign.text}_`, sign.at, [left, right])
  }
  return left
}

function readUnary(reader: Reader): Expression {
  const { token } = reader
  if (token.kind !== 'sign' || (token.text !== '!' && token.text !== '-')) return readMember(reader)
  let count = 0
  while (reader.is(token.text)) {
    const { following } = reader
    if (token.text === '-' && isNumber(following)) {
      reader.take()
      const operand = readMember(reader, token.at)
      return count % 2 === 1 ? call('-_', token.at, [operand]) : operand
    }
    reader.take()
    count++
  }
  const operand = readMember(reader)
  return count % 2 === 0 ? operand : call(`${token.text}_`, token.at, [operand])
}

function isNumber(token: Token | undefined): boolean {
  return token?.kind === 'literal' && (typeof token.value === 'bigint' || typeof token.value === 'number')
}

/** `negated`: where the minus sign of a literal stands, which belongs to it. */
function readMember(reader: Reader, negated?: number): Expression {
  let operand = negated === undefined ? readPrimary(reader) : readNegative(reader, negated)
  for (;;) {
    const dot = reader.accept('.')
    if (dot !== undefined) {
      operand = readField(reader, operand, dot)
      continue
    }
    const bracket = reader.accept('[')
    if (bracket === undefined) return operand
    const optional = reader.accept('?') !== undefined
    const index = readExpression(reader)
    reader.expect(']')
    operand = call(optional ? '_[?_]' : '_[_]', bracket.at, [operand, index])
  }
}

function readNegative(reader: Reader, at: number): Expression {
  const { value } = reader.take()
  if (typeof value === 'bigint') return { op: 'constant', at, value: -value }
  if (typeof value === 'number') return { op: 'constant', at, value: -value }
  throw new Error('A minus sign was taken for that of a literal')
}

function readField(reader: Reader, operand: Expression, dot: Token): Expression {
  const optional = reader.accept('?')
  const token = reader.take()
  if (token.kind === 'quoted' || (token.kind === 'identifier' && !reader.is('('))) {
    const field = token.kind === 'quoted' ? token.text.slice(1, -1) : token.text
    if (optional !== undefined) {
      return call('_?._', optional.at, [operand, { op: 'constant', at: token.at, value: field }])
    }
    return { op: 'select', at: dot.at, operand, field, test: false }
  }
  if (token.kind !== 'identifier' || optional !== undefined) {
    return reader.fail(
      `Syntax error: no viable alternative at input '.${token.text === '<EOF>' ? '' : token.text}'`,
      token.at,
    )
  }
  const open = reader.expect('(')
  const args = readArguments(reader, ')')
  const expanded = expandMacro(reader.source, token.text, operand, args, open.at)
  return expanded ?? { op: 'call', at: open.at, name: token.text, target: operand, args }
}

function readArguments(reader: Reader, close: string): readonly Expression[] {
  const args: Expression[] = []
  while (!reader.is(close)) {
    args.push(readExpression(reader))
    if (reader.accept(',') === undefined) break
    if (reader.is(close) && close === ')') reader.fail(`Syntax error: mismatched input ')' expecting ${PRIMARY}`)
  }
  reader.expect(close)
  return args
}

const RESERVED = new Set(
  (
    'as break const continue else false for function if import in let loop null package namespace return true var ' +
    'void while'
  ).split(' '),
)

function readPrimary(reader: Reader): Expression {
  const { token } = reader
  if (token.kind === 'literal') return readLiteral(reader)
  if (reader.accept('(') !== undefined) {
    const inner = readExpression(reader)
    reader.expect(')')
    return inner
  }
  if (reader.accept('[') !== undefined) return readList(reader, token.at)
  if (reader.accept('{') !== undefined) return { op: 'map', at: token.at, entries: readEntries(reader) }
  const leading = reader.accept('.')
  const name = reader.token
  if (name.kind !== 'identifier') {
    if (name.kind === 'end') reader.fail(`Syntax error: mismatched input '<EOF>' expecting ${PRIMARY}`)
    reader.fail(`Syntax error: extraneous input '${name.text}' expecting ${PRIMARY}`)
  }
  reader.take()
  return readNamed(reader, name, leading === undefined ? '' : '.')
}

function readLiteral(reader: Reader): Expression {
  const { at, value } = reader.take()
  if (value === undefined) throw new Error('A literal without a value')
  if (value === 1n << 63n) reader.fail('invalid int literal', at)
  return { op: 'constant', at, value }
}

function readNamed(reader: Reader, name: Token, leading: string): Expression {
  const open = reader.accept('(')
  if (open !== undefined) {
    const args = readArguments(reader, ')')
    const expanded = expandMacro(reader.source, name.text, undefined, args, open.at)
    return expanded ?? { op: 'call', at: open.at, name: name.text, target: undefined, args }
  }
  if (RESERVED.has(name.text)) reader.fail(`reserved identifier: ${name.text}`, name.at)
  if (reader.is('{')) return readMessage(reader, leading + name.text, name.at)
  const dotted = messageName(reader, name.text)
  if (dotted !== undefined) return readMessage(reader, leading + dotted, name.at)
  return { op: 'identifier', at: name.at, name: leading + name.text }
}

/** `a.b.C{` is one name; taken only where a brace follows. */
function messageName(reader: Reader, first: string): string | undefined {
  const rest = /^(?:\s*\.\s*[_a-zA-Z]\w*)+\s*(?=\{)/.exec(reader.source.slice(reader.token.at))
  if (rest === null || !reader.is('.')) return undefined
  while (!reader.is('{')) reader.take()
  return first + rest[0].replaceAll(/\s/g, '')
}

function readMessage(reader: Reader, type: string, at: number): Expression {
  reader.expect('{')
  const fields: MessageField[] = []
  while (!reader.is('}')) {
    const name = reader.take()
    const colon = reader.expect(':')
    fields.push({ at: colon.at, name: name.text, value: readExpression(reader) })
    if (reader.accept(',') === undefined) break
  }
  reader.expect('}')
  return { op: 'message', at, type, fields }
}

function readList(reader: Reader, at: number): Expression {
  const items: Expression[] = []
  const optional: number[] = []
  while (!reader.is(']')) {
    if (reader.accept('?') !== undefined) optional.push(items.length)
    items.push(readExpression(reader))
    if (reader.accept(',') === undefined) break
  }
  reader.expect(']')
  return { op: 'list', at, items, optional }
}

function readEntries(reader: Reader): readonly MapEntry[] {
  const entries: MapEntry[] = []
  while (!reader.is('}')) {
    const optional = reader.accept('?') !== undefined
    const key = readExpression(reader)
    const colon = reader.expect(':')
    entries.push({ at: colon.at, key, value: readExpression(reader), optional })
    if (reader.accept(',') === undefined) break
  }
  reader.expect('}')
  return entries
}

const call = (name: string, at: number, args: readonly Expression[]): Expression => ({
  op: 'call',
  at,
  name,
  target: undefined,
  args,
})
