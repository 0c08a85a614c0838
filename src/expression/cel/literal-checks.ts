import type { Checked } from './checker.ts'
import { patternOf } from './regular-expressions.ts'
import type { Call, Expression, Issue } from './syntax.ts'
import { CompileError } from './syntax.ts'
import { parseDuration, parseTimestamp } from './time.ts'

/** Durations, timestamps and patterns that are written as constants must be right when the expression is compiled. */
export function checkLiterals(source: string, { expression }: Checked): void {
  const issues: Issue[] = []
  visit(expression, (node) => {
    const format = node.name === 'format' ? formatProblem(node) : undefined
    if (format !== undefined) issues.push(format)
    const literal = literalOf(node)
    if (literal?.op !== 'constant' || typeof literal.value !== 'string') return
    const message = problemOf(node.name, literal.value)
    if (message !== undefined) issues.push({ at: literal.at, message })
  })
  if (issues.length > 0) throw new CompileError(source, issues)
}

/** A format that is written as a constant wants no fewer values than are listed behind it. */
function formatProblem({ at, target, args: [list] }: Call): Issue | undefined {
  if (target?.op !== 'constant' || typeof target.value !== 'string' || list?.op !== 'list') return undefined
  const wanted = target.value.replaceAll('%%', '').match(/%/g)?.length ?? 0
  if (list.items.length <= wanted) return undefined
  const counts = `(expected ${wanted}, got ${list.items.length})`
  return { at, message: `too many arguments supplied to string.format ${counts}` }
}

function literalOf({ name, target, args }: Call): Expression | undefined {
  if (name === 'duration' || name === 'timestamp') return target === undefined ? args[0] : undefined
  if (name !== 'matches') return undefined
  return target === undefined ? args[1] : args[0]
}

function problemOf(name: string, text: string): string | undefined {
  try {
    if (name === 'duration') return parseDuration(text) === undefined ? 'invalid duration argument' : undefined
    if (name === 'timestamp') return parseTimestamp(text) === undefined ? 'invalid timestamp argument' : undefined
    patternOf(text)
    return undefined
  } catch {
    return `invalid ${name} argument`
  }
}

/** Every call of an expression. */
export function visit(node: Expression, see: (call: Call) => void): void {
  switch (node.op) {
    case 'select':
      return visit(node.operand, see)
    case 'call':
      see(node)
      if (node.target !== undefined) visit(node.target, see)
      return node.args.forEach((one) => visit(one, see))
    case 'list':
      return node.items.forEach((one) => visit(one, see))
    case 'map':
      return node.entries.forEach(({ key, value }) => [key, value].forEach((one) => visit(one, see)))
    case 'message':
      return node.fields.forEach(({ value }) => visit(value, see))
    case 'fold':
      return [node.range, node.initial, node.condition, node.step, node.result].forEach((one) => visit(one, see))
  }
}
