import type { Value } from './values.ts'

/**
 * An expression after its macros have been expanded. `at` is the offset in the source (in code units) that an error about
 * the node names: of the operator, the dot, the bracket or the parenthesis, as in Google's implementation.
 */
export type Expression =
  | { readonly op: 'constant'; readonly at: number; readonly value: Value }
  | { readonly op: 'identifier'; readonly at: number; readonly name: string }
  | Select
  | Call
  | {
      readonly op: 'list'
      readonly at: number
      readonly items: readonly Expression[]
      readonly optional: readonly number[]
    }
  | { readonly op: 'map'; readonly at: number; readonly entries: readonly MapEntry[] }
  | { readonly op: 'message'; readonly at: number; readonly type: string; readonly fields: readonly MessageField[] }
  | Fold

/** `operand.field`, or with `test` the macro `has(operand.field)`. */
export interface Select {
  readonly op: 'select'
  readonly at: number
  readonly operand: Expression
  readonly field: string
  readonly test: boolean
}

/** A function or, by names such as `_+_`, an operator. */
export interface Call {
  readonly op: 'call'
  readonly at: number
  readonly name: string
  readonly target: Expression | undefined
  readonly args: readonly Expression[]
}

export interface MapEntry {
  readonly at: number
  readonly key: Expression
  readonly value: Expression
  readonly optional: boolean
}

export interface MessageField {
  readonly at: number
  readonly name: string
  readonly value: Expression
}

/** What all macros that go over a list or a map become. */
export interface Fold {
  readonly op: 'fold'
  readonly at: number
  readonly range: Expression
  readonly element: string
  /** Of two-variable macros: `element` is then the index or key, this one the value. */
  readonly second: string | undefined
  readonly accumulator: string
  readonly initial: Expression
  /** The loop ends when this is false. */
  readonly condition: Expression
  readonly step: Expression
  readonly result: Expression
}

/** What is wrong with an expression, and where. */
export interface Issue {
  readonly at: number
  readonly message: string
}

/** An expression that cannot be compiled: the message shows every issue with its line, as Google's implementation does. */
export class CompileError extends Error {
  readonly issues: readonly Issue[]
  constructor(source: string, issues: readonly Issue[]) {
    super(issues.map((issue) => shown(source, issue)).join('\n'))
    this.issues = issues
  }
}

function shown(source: string, { at, message }: Issue): string {
  const before = source.slice(0, at).split('\n')
  const line = before.length
  const column = [...(before.at(-1) ?? '')].length
  const text = (source.split('\n')[line - 1] ?? '').replaceAll('\t', ' ')
  const head = `ERROR: <input>:${line}:${column + 1}: ${message}`
  return text.length > 16384 ? head : `${head}\n | ${text}\n | ${'.'.repeat(column)}^`
}
