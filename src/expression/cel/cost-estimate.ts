import { estimateCall } from './call-estimates.ts'
import type { CelType } from './cel-type.ts'
import { DYN } from './cel-type.ts'
import type { Checked } from './checker.ts'
import { LIST_COST, MAP_COST, MESSAGE_COST } from './costs.ts'
import type { Argument, Range } from './estimates.ts'
import { declaredSize, exactly, NOTHING, product, sum, UNKNOWN, union } from './estimates.ts'
import { ACCUMULATOR } from './macros.ts'
import type { Call, Expression, Fold, Select } from './syntax.ts'

/**
 * What an expression may cost at most, as cel-go's checker estimates it (`checker/cost.go`): sizes of what is not written in
 * the expression itself are those that `root`, the type of `self`, declares.
 */
export function estimateCost(checked: Checked, root: CelType): number {
  const estimate: Estimate = {
    checked,
    root,
    paths: new Map(),
    locals: new Map(),
    sizes: new Map(),
    entries: new Map(),
  }
  return costOf(estimate, checked.expression).max
}

/** How large the keys (of lists: the indices) and the values of a list or map may be. */
interface Entries {
  readonly isList: boolean
  readonly key: Range
  readonly value: Range
}

interface Local {
  readonly path: readonly string[]
  readonly size: Range | undefined
  readonly entries: Entries | undefined
}

interface Estimate {
  readonly checked: Checked
  readonly root: CelType
  readonly paths: Map<Expression, readonly string[]>
  readonly locals: Map<string, Local[]>
  readonly sizes: Map<Expression, Range>
  readonly entries: Map<Expression, Entries>
}

const ONE = exactly(1)

function costOf(estimate: Estimate, node: Expression): Range {
  switch (node.op) {
    case 'constant':
      return NOTHING
    case 'identifier':
      estimate.paths.set(node, localOf(estimate, node.name)?.path ?? [node.name])
      return ONE
    case 'select':
      return selectCost(estimate, node)
    case 'call':
      return callCost(estimate, node)
    case 'list':
      return listCost(estimate, node)
    case 'map':
      return mapCost(estimate, node)
    case 'message':
      return sum(...node.fields.map(({ value }) => costOf(estimate, value)), exactly(MESSAGE_COST))
    case 'fold':
      return isBinding(node) ? bindingCost(estimate, node) : foldCost(estimate, node)
  }
}

const localOf = ({ locals }: Estimate, name: string): Local | undefined => locals.get(name)?.at(-1)

const typeOf = ({ checked }: Estimate, node: Expression): CelType => checked.types.get(node) ?? DYN

function selectCost(estimate: Estimate, node: Select): Range {
  // A dotted name, such as `authorizer.requestResource`, is one variable.
  const named = estimate.checked.references.get(node)
  if (named !== undefined) {
    if ('variable' in named) estimate.paths.set(node, [named.variable])
    return ONE
  }
  const operand = costOf(estimate, node.operand)
  if (node.test) return operand
  const { kind } = typeOf(estimate, node.operand)
  estimate.paths.set(node, [...pathOf(estimate, node.operand), node.field])
  return kind === 'map' || kind === 'object' || kind === 'parameter' ? sum(operand, ONE) : operand
}

function pathOf(estimate: Estimate, node: Expression): readonly string[] {
  const local = node.op === 'identifier' ? localOf(estimate, node.name) : undefined
  return local?.path ?? estimate.paths.get(node) ?? []
}

function argumentOf(estimate: Estimate, node: Expression): Argument {
  const path = pathOf(estimate, node)
  const isKnown = path.length > 0 && path[0] !== ACCUMULATOR
  return { node, type: typeOf(estimate, node), path: isKnown ? path : undefined, size: sizeOf(estimate, node) }
}

function callCost(estimate: Estimate, node: Call): Range {
  const { args, target } = node
  const qualified = estimate.checked.qualified.get(node)
  const costs = args.map((one) => costOf(estimate, one))
  const [first] = args
  if (node.name === 'dyn' && first !== undefined) {
    copySizes(estimate, node, first)
    return sum(ONE, ...costs)
  }
  const call = args.map((one) => argumentOf(estimate, one))
  const isMember = target !== undefined && qualified === undefined
  const receiver = isMember ? costOf(estimate, target) : NOTHING
  const member = isMember ? argumentOf(estimate, target) : undefined
  const outcomes = (estimate.checked.overloads.get(node) ?? [{ id: node.name }]).map(({ id }) =>
    overloadCost(estimate, node, qualified ?? node.name, id, member, call, costs),
  )
  const size = outcomes.reduce<Range | undefined>(
    (found, one) => (one.size === undefined ? found : found === undefined ? one.size : union(found, one.size)),
    undefined,
  )
  const known = size ?? sizeOf(estimate, node)
  if (known !== undefined) estimate.sizes.set(node, known)
  const [one = { cost: NOTHING }, ...others] = outcomes
  return sum(
    receiver,
    others.reduce((all, { cost }) => union(all, cost), one.cost),
  )
}

interface Outcome {
  readonly cost: Range
  readonly size?: Range | undefined
}

function overloadCost(
  estimate: Estimate,
  node: Call,
  name: string,
  overload: string,
  target: Argument | undefined,
  args: readonly Argument[],
  costs: readonly Range[],
): Outcome {
  const [first = NOTHING, second = NOTHING, third = NOTHING] = costs
  const all = sum(...costs)
  const [one, two, three] = node.args
  if (name === '_&&_' || name === '_||_') return { cost: { min: first.min, max: sum(first, second).max } }
  if (name === '_?_:_' && two !== undefined && three !== undefined) {
    setEntries(estimate, node, joinEntries(entriesOf(estimate, two), entriesOf(estimate, three)))
    return { cost: sum(first, union(second, third)), size: union(knownSize(estimate, two), knownSize(estimate, three)) }
  }
  if (name === '_+_' && one !== undefined && two !== undefined && /\((string|bytes|list<A>),/.test(overload)) {
    setEntries(estimate, node, joinEntries(entriesOf(estimate, one), entriesOf(estimate, two)))
    const size = sum(knownSize(estimate, one), knownSize(estimate, two))
    const own = overload.includes('(list') ? ONE : { min: Math.ceil(size.min / 10), max: Math.ceil(size.max / 10) }
    return { cost: sum(all, own), size }
  }
  if (name === '_[_]' && one !== undefined && /^_\[_\]\((list|map)</.test(overload)) {
    estimate.paths.set(node, [...pathOf(estimate, one), overload.includes('(list<') ? '@items' : '@values'])
    return { cost: sum(all, ONE), size: entriesOf(estimate, one)?.value }
  }
  const sizing = (argument: Argument) => argument.size ?? declaredOf(estimate, argument.path) ?? UNKNOWN
  const { cost, size } = estimateCall(name, { overload, target, args, sizeOf: sizing })
  return { cost: sum(all, cost), size }
}

const declaredOf = ({ root }: Estimate, path: readonly string[] | undefined): Range | undefined =>
  path === undefined ? undefined : declaredSize(root, path)

function listCost(estimate: Estimate, node: Expression & { readonly op: 'list' }): Range {
  const costs = node.items.map((item) => costOf(estimate, item))
  estimate.entries.set(node, { isList: true, key: ONE, value: unionOf(estimate, node.items) })
  return sum(...costs, exactly(LIST_COST))
}

function mapCost(estimate: Estimate, node: Expression & { readonly op: 'map' }): Range {
  const costs = node.entries.flatMap(({ key, value }) => [costOf(estimate, key), costOf(estimate, value)])
  const [keys, values] = [node.entries.map(({ key }) => key), node.entries.map(({ value }) => value)]
  estimate.entries.set(node, { isList: false, key: unionOf(estimate, keys), value: unionOf(estimate, values) })
  return sum(...costs, exactly(MAP_COST))
}

function unionOf(estimate: Estimate, nodes: readonly Expression[]): Range {
  const [first, ...others] = nodes.map((one) => knownSize(estimate, one))
  return first === undefined ? NOTHING : others.reduce(union, first)
}

/** What a macro makes to give a value a name is a loop that never runs. */
function isBinding({ range, condition, accumulator }: Fold): boolean {
  const isEmpty = range.op === 'list' && range.items.length === 0
  return isEmpty && condition.op === 'constant' && condition.value === false && accumulator !== ACCUMULATOR
}

function bindingCost(estimate: Estimate, node: Fold): Range {
  const costs = [costOf(estimate, node.range), costOf(estimate, node.initial)]
  const leave = enter(estimate, node.accumulator, localFor(estimate, node.initial))
  costs.push(costOf(estimate, node.result))
  leave()
  copySizes(estimate, node, node.result)
  return sum(...costs)
}

function foldCost(estimate: Estimate, node: Fold): Range {
  const costs = [costOf(estimate, node.range), costOf(estimate, node.initial)]
  const leave = enter(estimate, node.accumulator, localFor(estimate, node.initial))
  const leaves = elementsOf(estimate, node).map(([name, local]) => enter(estimate, name, local))
  const round = sum(costOf(estimate, node.condition), costOf(estimate, node.step))
  for (const each of leaves) each()
  costs.push(costOf(estimate, node.result))
  leave()
  const rounds = knownSize(estimate, node.range)
  costs.push(product(rounds, round))
  if (node.initial.op === 'constant') estimate.sizes.set(node, knownSize(estimate, node.initial))
  if (node.initial.op === 'list' || node.initial.op === 'map') {
    estimate.sizes.set(node, rounds)
    setEntries(estimate, node, entriesOf(estimate, node.step))
  }
  return sum(...costs)
}

function elementsOf(estimate: Estimate, { range, element, second }: Fold): readonly (readonly [string, Local])[] {
  const entries = entriesOf(estimate, range)
  const isList = entries?.isList ?? typeOf(estimate, range).kind === 'list'
  const path = pathOf(estimate, range)
  const local = (step: string, size: Range | undefined): Local => ({ path: [...path, step], size, entries: undefined })
  if (second === undefined) {
    return [[element, isList ? local('@items', entries?.value) : local('@keys', entries?.key)]]
  }
  return [
    [element, local(isList ? '@indices' : '@keys', entries?.key)],
    [second, local(isList ? '@items' : '@values', entries?.value)],
  ]
}

const localFor = (estimate: Estimate, node: Expression): Local => ({
  path: pathOf(estimate, node),
  size: sizeOf(estimate, node),
  entries: entriesOf(estimate, node),
})

function enter({ locals }: Estimate, name: string, local: Local): () => void {
  const stack = locals.get(name) ?? []
  locals.set(name, stack)
  stack.push(local)
  return () => void stack.pop()
}

const knownSize = (estimate: Estimate, node: Expression): Range => sizeOf(estimate, node) ?? UNKNOWN

function sizeOf(estimate: Estimate, node: Expression): Range | undefined {
  const known = estimate.sizes.get(node) ?? writtenSize(node)
  if (known !== undefined) return known
  const declared = declaredSize(estimate.root, pathOf(estimate, node))
  if (declared !== undefined) {
    estimate.sizes.set(node, declared)
    return declared
  }
  if (isScalar(typeOf(estimate, node))) return ONE
  return node.op === 'identifier' ? localOf(estimate, node.name)?.size : undefined
}

function writtenSize(node: Expression): Range | undefined {
  if (node.op === 'list') return exactly(node.items.length)
  if (node.op === 'map') return exactly(node.entries.length)
  if (node.op !== 'constant') return undefined
  const { value } = node
  if (typeof value === 'string') return exactly([...value].length)
  return exactly(value instanceof Uint8Array ? value.length : 1)
}

const SCALARS = new Set(['bool', 'double', 'int', 'uint', 'google.protobuf.Timestamp', 'google.protobuf.Duration'])

function isScalar(type: CelType): boolean {
  if (type.kind === 'simple') return SCALARS.has(type.name)
  return type.kind === 'opaque' && type.name === 'optional_type' && isScalar(type.of[0] ?? DYN)
}

function copySizes(estimate: Estimate, to: Expression, from: Expression): void {
  const size = sizeOf(estimate, from)
  if (size !== undefined) estimate.sizes.set(to, size)
  setEntries(estimate, to, entriesOf(estimate, from))
}

function entriesOf(estimate: Estimate, node: Expression): Entries | undefined {
  const own = estimate.entries.get(node)
  return own ?? (node.op === 'identifier' ? localOf(estimate, node.name)?.entries : undefined)
}

function setEntries({ entries }: Estimate, node: Expression, found: Entries | undefined): void {
  if (found !== undefined) entries.set(node, found)
}

function joinEntries(a: Entries | undefined, b: Entries | undefined): Entries | undefined {
  return a && b && { isList: a.isList, key: union(a.key, b.key), value: union(a.value, b.value) }
}
