import type { Operator } from './plan.ts'

type Push = (record: unknown) => void

/** One function that takes a record through all operators into `add`. */
export function fuse(operators: readonly Operator<(value: never) => unknown>[], add: Push): Push {
  return operators.reduceRight<Push>((next, operator) => step(operator, next), add)
}

function step(operator: Operator<(value: never) => unknown>, next: Push): Push {
  if (operator.kind === 'lines') return linesStep(next)
  const fn = operator.fn as (record: unknown) => unknown
  if (operator.kind === 'map') return (record) => next(settled(fn(record)))
  if (operator.kind === 'filter') return (record) => (settled(fn(record)) ? next(record) : undefined)
  return (record) => {
    const made = settled(fn(record)) as Iterable<unknown>
    if (!Array.isArray(made)) for (const inner of made) next(inner)
    // By index: an array iterator costs more than the word it gives.
    else for (let index = 0; index < made.length; index++) next(made[index])
  }
}

function linesStep(next: Push): Push {
  return (record) => {
    const text = record as string
    for (let from = 0; from < text.length;) {
      const found = text.indexOf('\n', from)
      const end = found < 0 ? text.length : found
      next(text.slice(from, end > from && text.charCodeAt(end - 1) === 13 ? end - 1 : end))
      from = end + 1
    }
  }
}

/** Operators are synchronous: a promise among the records would be taken for a record. */
function settled(value: unknown): unknown {
  if (value instanceof Promise) {
    throw new TypeError(
      'Cannot use a promise in a dataset: the function is async, expected one that returns its result',
    )
  }
  return value
}
