import { expect, test } from 'vitest'
import { compile } from './environment.ts'
import { CompileError } from './syntax.ts'
import { DYN } from './cel-type.ts'
import { BudgetError, EvaluationError } from './values.ts'

const PARTS = (
  'a b self 1 -1 2u 1.5 0x1f "x" \'y\' b"z" r"\\" """ true null ( ) [ ] { } . .? ? : , + - * / % ! == != < && || in ' +
  'has( .all(x, .map(x, .filter( size( "\\u12" `a-b` // \n duration("1s") ip("::1") dyn( type( @ # \u0000 é'
).split(' ')

/** Seeds that once found something are kept; a longer run takes more of them. */
const SEEDS = [1, 2, 3, 5, 8, 13]

/** A small generator of its own, so that a seed means the same for ever. */
function* numbers(seed: number): Generator<number> {
  let state = seed * 2654435761
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield state
  }
}

test.each(SEEDS)('any text compiles and runs, or is refused with an error of ours (seed %i)', (seed) => {
  const random = numbers(seed)
  const below = (limit: number) => Math.floor(((random.next().value ?? 0) / 2 ** 32) * limit)
  for (let round = 0; round < 400; round++) {
    const source = Array.from({ length: 1 + below(12) }, () => PARTS[below(PARTS.length)] ?? '').join(
      below(2) === 0 ? '' : ' ',
    )
    const failure = failureOf(source)
    const expected = failure === undefined || failure instanceof CompileError || failure instanceof EvaluationError
    expect(expected, `${JSON.stringify(source)}: ${String(failure)}`).toBe(true)
  }
})

test('deep nesting is refused instead of exhausting the stack', () => {
  for (const open of ['(', '[', '{1:', '!', '-', 'a.b(']) {
    const failure = failureOf(open.repeat(20_000))
    expect(failure).toBeInstanceOf(CompileError)
  }
})

function failureOf(source: string): unknown {
  try {
    const program = compile(source, new Map(['self', 'a', 'b'].map((name) => [name, DYN])))
    program.evaluate(() => 1n, { remaining: 10_000 })
    return undefined
  } catch (error) {
    return error instanceof BudgetError ? undefined : error
  }
}
