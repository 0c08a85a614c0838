import type { Checked } from './checker.ts'
import { callCost, LIST_COST, MAP_COST, MESSAGE_COST } from './costs.ts'
import type { Overload } from './functions.ts'
import { accepts } from './matching.ts'
import { elementAt, entryAt, optionalElement } from './library/operators.ts'
import type { Call, Expression, Fold, MapEntry, Select } from './syntax.ts'
import { isDyn } from './cel-type.ts'
import type { Value } from './values.ts'
import { BudgetError, EvaluationError, isList, isMap, LiteralMap, NONE, OptionalValue } from './values.ts'

/** One run of an expression: what its variables are and what it has cost. */
export interface Frame {
  /** The value of a variable, undefined where it has none. */
  readonly variable: (name: string) => Value | undefined
  readonly locals: Map<string, Value>
  readonly limit: number
  cost: number
}

/** An expression made ready to run. */
export type Step = (frame: Frame) => Value

/** Turns a checked expression into functions that call one another. */
export function plan(checked: Checked, node: Expression = checked.expression): Step {
  switch (node.op) {
    case 'constant': {
      const { value } = node
      return () => value
    }
    case 'identifier':
      return reference(checked, node)
    case 'select':
      return checked.references.has(node) ? reference(checked, node) : select(checked, node)
    case 'call':
      return call(checked, node)
    case 'list':
      return list(checked, node)
    case 'map':
      return map(checked, node.entries)
    case 'message':
      return message(node.type)
    case 'fold':
      return fold(checked, node)
  }
}

/** Adds to what a run has cost, and ends it where that is too much. */
function spend(frame: Frame, cost: number): void {
  frame.cost += cost
  if (frame.cost > frame.limit) throw new BudgetError()
}

function reference(checked: Checked, node: Expression): Step {
  const found = checked.references.get(node)
  if (found === undefined) throw new Error('A name that the checker has not seen')
  if ('constant' in found) {
    const { constant } = found
    return () => constant
  }
  const { variable } = found
  return (frame) => {
    const value = frame.locals.get(variable) ?? frame.variable(variable)
    if (value === undefined) throw new EvaluationError(`no such attribute(s): ${variable}`)
    spend(frame, 1)
    const failure = value instanceof OptionalValue ? failures.get(value) : undefined
    if (failure !== undefined) throw failure
    return value
  }
}

/** Selecting from what is not itself a name or a selection begins a new chain, which has a price of its own. */
function chainCost(checked: Checked, operand: Expression): number {
  if (operand.op === 'identifier' || checked.references.has(operand)) return 1
  if (operand.op === 'select' && !operand.test) return 1
  return operand.op === 'call' && ['_[_]', '_?._', '_[?_]'].includes(operand.name) ? 1 : 2
}

function select(checked: Checked, node: Select): Step {
  const operand = plan(checked, node.operand)
  const { field, test } = node
  const cost = chainCost(checked, node.operand)
  if (test) {
    return (frame) => {
      const found = presentField(operand(frame), field)
      return found instanceof OptionalValue ? found.value !== undefined : found !== undefined
    }
  }
  return (frame) => {
    const value = operand(frame)
    spend(frame, cost)
    if (value instanceof OptionalValue) return optionalElement(value, field)
    if (!isMap(value)) throw new EvaluationError('no such overload')
    return entryAt(value, field)
  }
}

function presentField(value: Value, field: string): Value | undefined {
  if (value instanceof OptionalValue) return optionalElement(value, field)
  if (!isMap(value)) throw new EvaluationError('no such overload')
  return value.get(field)
}

function call(checked: Checked, node: Call): Step {
  const { name, args, target } = node
  const steps = args.map((one) => plan(checked, one))
  const [first, second, third] = steps
  if (first !== undefined && second !== undefined) {
    if (name === '_&&_') return logical(first, second, false)
    if (name === '_||_') return logical(first, second, true)
    if (name === '_?_:_' && third !== undefined) return (frame) => (condition(first(frame)) ? second : third)(frame)
    if (name === '_[_]') return index(first, second)
    if (name === '_?._')
      return (frame) => (spend(frame, 1), optionalElement(optionalOf(first(frame)), String(second(frame))))
  }
  if (name === '@not_strictly_false' && first !== undefined) return notFalse(first)
  const qualified = checked.qualified.get(node)
  const all = target === undefined || qualified !== undefined ? steps : [plan(checked, target), ...steps]
  return dispatch(qualified ?? name, checked.overloads.get(node) ?? [], all, isTyped(checked, node))
}

const optionalOf = (value: Value): OptionalValue => (value instanceof OptionalValue ? value : new OptionalValue(value))

function isTyped(checked: Checked, { args, target }: Call): boolean {
  return [...args, ...(target === undefined ? [] : [target])].every((one) => {
    const type = checked.types.get(one)
    return type !== undefined && !isDyn(type)
  })
}

function condition(value: Value): boolean {
  if (typeof value !== 'boolean') throw new EvaluationError('no such overload')
  return value
}

/** An error on one side does not matter where the other side decides. */
function logical(left: Step, right: Step, decisive: boolean): Step {
  return (frame) => {
    let failure: unknown
    for (const side of [left, right]) {
      try {
        if (condition(side(frame)) === decisive) return decisive
      } catch (error) {
        if (!(error instanceof EvaluationError) || error instanceof BudgetError) throw error
        failure ??= error
      }
    }
    if (failure !== undefined) throw failure
    return !decisive
  }
}

function notFalse(step: Step): Step {
  return (frame) => {
    spend(frame, 1)
    try {
      return step(frame) !== false
    } catch (error) {
      if (error instanceof EvaluationError && !(error instanceof BudgetError)) return true
      throw error
    }
  }
}

function index(operand: Step, key: Step): Step {
  return (frame) => {
    const value = operand(frame)
    const at = key(frame)
    spend(frame, 1)
    if (isList(value)) return elementAt(value, at)
    if (value instanceof OptionalValue) return optionalElement(value, at)
    if (isMap(value)) return entryAt(value, at)
    throw new EvaluationError('no such overload')
  }
}

/** Where the checker left one overload and all types are known, it is called without looking at the arguments. */
function dispatch(name: string, overloads: readonly Overload[], steps: readonly Step[], typed: boolean): Step {
  const only = typed && overloads.length === 1 ? overloads[0] : undefined
  return (frame) => {
    const args = steps.map((step) => step(frame))
    const chosen = only ?? overloads.find(({ params }) => params.every((param, i) => accepts(param, args[i] ?? null)))
    if (chosen === undefined) throw new EvaluationError('no such overload')
    const result = chosen.run(...(args as never[]))
    spend(frame, callCost(name, chosen, args, result))
    return result
  }
}

function list(checked: Checked, node: Expression & { readonly op: 'list' }): Step {
  const steps = node.items.map((item) => plan(checked, item))
  // A list of constants is made once, and costs nothing.
  if (node.items.every(({ op }) => op === 'constant')) {
    const values = node.items.map((item) => (item.op === 'constant' ? item.value : null))
    return () => values
  }
  if (node.optional.length === 0) {
    return (frame) => {
      const values = steps.map((step) => step(frame))
      spend(frame, LIST_COST)
      return values
    }
  }
  return (frame) => {
    const values = steps.flatMap((step, i) => {
      const value = step(frame)
      if (!node.optional.includes(i)) return [value]
      return value instanceof OptionalValue && value.value !== undefined ? [value.value] : []
    })
    spend(frame, LIST_COST)
    return values
  }
}

function map(checked: Checked, entries: readonly MapEntry[]): Step {
  const steps = entries.map(({ key, value, optional }) => ({
    key: plan(checked, key),
    value: plan(checked, value),
    optional,
  }))
  return (frame) => {
    const pairs = steps.flatMap(({ key, value, optional }): readonly (readonly [Value, Value])[] => {
      const pair = [key(frame), value(frame)] as const
      if (!optional) return [pair]
      return pair[1] instanceof OptionalValue && pair[1].value !== undefined ? [[pair[0], pair[1].value]] : []
    })
    spend(frame, MAP_COST)
    return new LiteralMap(pairs)
  }
}

function message(type: string): Step {
  return (frame) => {
    spend(frame, MESSAGE_COST)
    throw new EvaluationError(`unknown type: ${type}`)
  }
}

function fold(checked: Checked, node: Fold): Step {
  const { element, second, accumulator } = node
  const range = plan(checked, node.range)
  const initial = plan(checked, node.initial)
  const test = plan(checked, node.condition)
  const step = appending(checked, node) ?? plan(checked, node.step)
  const result = plan(checked, node.result)
  return (frame) => {
    const over = range(frame)
    const names = [element, accumulator, ...(second === undefined ? [] : [second])]
    const before = names.map((name) => frame.locals.get(name))
    try {
      const start = initial(frame)
      // Owned by this loop, so that what it gathers can be appended in place.
      frame.locals.set(accumulator, isList(start) && node.initial.op === 'list' ? [...start] : start)
      for (const [key, value] of pairsOf(over, second !== undefined)) {
        frame.locals.set(element, key)
        if (second !== undefined) frame.locals.set(second, value)
        if (test(frame) !== true) break
        setAccumulator(frame, accumulator, step)
      }
      return unwrapFailure(frame, accumulator, result)
    } finally {
      names.forEach((name, i) => restore(frame, name, before[i]))
    }
  }
}

/** An error in a step is the accumulator's value until a later step decides all the same. */
const failures = new WeakMap<OptionalValue, EvaluationError>()

function setAccumulator(frame: Frame, accumulator: string, step: Step): void {
  try {
    frame.locals.set(accumulator, step(frame))
  } catch (error) {
    if (!(error instanceof EvaluationError) || error instanceof BudgetError) throw error
    const failed = new OptionalValue(undefined)
    failures.set(failed, error)
    frame.locals.set(accumulator, failed)
  }
}

function unwrapFailure(frame: Frame, accumulator: string, result: Step): Value {
  const value = frame.locals.get(accumulator) ?? NONE
  const failure = value instanceof OptionalValue ? failures.get(value) : undefined
  if (failure !== undefined) throw failure
  return result(frame)
}

function restore(frame: Frame, name: string, value: Value | undefined): void {
  if (value === undefined) frame.locals.delete(name)
  else frame.locals.set(name, value)
}

function* pairsOf(over: Value, both: boolean): Iterable<readonly [Value, Value]> {
  if (isList(over)) {
    for (let i = 0; i < over.length; i++) {
      const item = over[i] ?? null
      yield both ? [BigInt(i), item] : [item, null]
    }
  } else if (isMap(over)) {
    for (const key of over.keys()) yield [key, over.get(key) ?? null]
  } else throw new EvaluationError('no such overload')
}

/** `accumulator + [item]`, of `map` and `filter`, appends in place; it costs what making both lists would. */
function appending(checked: Checked, node: Fold): Step | undefined {
  const { step, accumulator } = node
  if (node.initial.op !== 'list' || step.op !== 'call') return undefined
  if (step.name === '_?_:_') {
    const [filter, more] = step.args
    if (filter === undefined || more === undefined) return undefined
    const append = appendStep(checked, more, accumulator)
    const test = plan(checked, filter)
    if (append === undefined) return undefined
    return (frame) => {
      if (condition(test(frame))) return append(frame)
      spend(frame, 1)
      return frame.locals.get(accumulator) ?? null
    }
  }
  return appendStep(checked, step, accumulator)
}

function appendStep(checked: Checked, node: Expression, accumulator: string): Step | undefined {
  if (node.op !== 'call' || node.name !== '_+_') return undefined
  const [left, right] = node.args
  if (left?.op !== 'identifier' || left.name !== accumulator || right?.op !== 'list') return undefined
  const item = right.items[0]
  if (item === undefined || right.items.length !== 1) return undefined
  const value = plan(checked, item)
  return (frame) => {
    const gathered = frame.locals.get(accumulator)
    if (gathered instanceof OptionalValue && failures.has(gathered)) throw failures.get(gathered)
    const made = value(frame)
    spend(frame, 1 + LIST_COST + 1)
    ;(gathered as Value[]).push(made)
    return gathered ?? null
  }
}
