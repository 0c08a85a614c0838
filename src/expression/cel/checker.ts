import type { Functions, Overload } from './functions.ts'
import type { Call, Expression, Fold, Issue, Select } from './syntax.ts'
import { CompileError } from './syntax.ts'
import type { CelType } from './cel-type.ts'
import { BOOL, DYN, ERROR, formatType, INT, isDyn, isSimple, listOf, mapOf, optionalOf, TYPE } from './cel-type.ts'
import type { Bindings } from './unify.ts'
import { assign, renamed, resolve } from './unify.ts'
import { TypeValue } from './values.ts'
import { constantType, namedType } from './constants.ts'

/** What the checker found: the type of each node, and which overloads each call may turn out to be. */
export interface Checked {
  readonly expression: Expression
  readonly type: CelType
  readonly types: ReadonlyMap<Expression, CelType>
  readonly overloads: ReadonlyMap<Expression, readonly Overload[]>
  /** Calls written as members of a namespace, such as `sets.contains(a, b)`: their full names. */
  readonly qualified: ReadonlyMap<Expression, string>
  /** Nodes that name a variable or a type, which may be dotted. */
  readonly references: ReadonlyMap<Expression, Reference>
}

export type Reference = { readonly variable: string } | { readonly constant: TypeValue }

/** What an expression may name. */
export interface Scope {
  readonly functions: Functions
  readonly variables: ReadonlyMap<string, CelType>
}

/** Checks types. Throws a CompileError with everything that is wrong. */
export function check(source: string, expression: Expression, scope: Scope): Checked {
  const checker: Checker = {
    scope,
    locals: [],
    issues: [],
    bindings: new Map(),
    fresh: 0,
    types: new Map(),
    overloads: new Map(),
    qualified: new Map(),
    references: new Map(),
  }
  typeOf(checker, expression)
  if (checker.issues.length > 0) {
    throw new CompileError(
      source,
      checker.issues.toSorted((a, b) => a.at - b.at),
    )
  }
  const types = new Map<Expression, CelType>()
  for (const [node, type] of checker.types) types.set(node, resolve(type, checker.bindings, true))
  const { overloads, qualified, references } = checker
  return { expression, type: types.get(expression) ?? DYN, types, overloads, qualified, references }
}

interface Checker {
  readonly scope: Scope
  readonly locals: Map<string, CelType>[]
  readonly issues: Issue[]
  bindings: Bindings
  fresh: number
  readonly types: Map<Expression, CelType>
  readonly overloads: Map<Expression, readonly Overload[]>
  readonly qualified: Map<Expression, string>
  readonly references: Map<Expression, Reference>
}

function typeOf(checker: Checker, node: Expression): CelType {
  const type = inferred(checker, node)
  checker.types.set(node, type)
  return type
}

function inferred(checker: Checker, node: Expression): CelType {
  switch (node.op) {
    case 'constant':
      return constantType(node.value)
    case 'identifier':
      return identifierType(checker, node, node.name) ?? undeclared(checker, node.at, node.name)
    case 'select':
      return selectType(checker, node)
    case 'call':
      return callType(checker, node)
    case 'list':
      return listType(checker, node)
    case 'map':
      return mapType(checker, node)
    case 'message':
      return undeclared(checker, node.at, node.type)
    case 'fold':
      return foldType(checker, node)
  }
}

function complain(checker: Checker, at: number, message: string): CelType {
  checker.issues.push({ at, message })
  return ERROR
}

const undeclared = (checker: Checker, at: number, name: string): CelType =>
  complain(checker, at, `undeclared reference to '${name}' (in container '')`)

function localType({ locals }: Checker, name: string): CelType | undefined {
  for (let i = locals.length - 1; i >= 0; i--) {
    const type = locals[i]?.get(name)
    if (type !== undefined) return type
  }
  return undefined
}

function identifierType(checker: Checker, node: Expression, written: string): CelType | undefined {
  const name = written.replace(/^\./, '')
  const type = localType(checker, name) ?? checker.scope.variables.get(name)
  if (type !== undefined) {
    checker.references.set(node, { variable: name })
    return type
  }
  const named = namedType(name)
  if (named === undefined) return undefined
  checker.references.set(node, { constant: named })
  return TYPE
}

/** The dotted name that a chain of selects spells; undefined for anything else. */
function dottedName(node: Expression): string | undefined {
  if (node.op === 'identifier') return node.name
  if (node.op !== 'select' || node.test) return undefined
  const operand = dottedName(node.operand)
  return operand === undefined ? undefined : `${operand}.${node.field}`
}

function selectType(checker: Checker, node: Select): CelType {
  const name = node.test ? undefined : dottedName(node)
  if (name !== undefined && localType(checker, name.split('.')[0] ?? '') === undefined) {
    const type = identifierType(checker, node, name)
    if (type !== undefined) return type
  }
  const operand = resolve(typeOf(checker, node.operand), checker.bindings)
  const type = fieldType(checker, node.at, operand, node.field)
  return node.test ? BOOL : type
}

function fieldType(checker: Checker, at: number, operand: CelType, field: string): CelType {
  if (isDyn(operand)) return DYN
  switch (operand.kind) {
    case 'map':
      return operand.values
    case 'parameter':
      assign(operand, DYN, checker.bindings)
      return DYN
    case 'object':
      return operand.fields.get(field)?.type ?? complain(checker, at, `undefined field '${field}'`)
    case 'opaque':
      if (operand.name === 'optional_type') {
        return optionalOf(fieldType(checker, at, resolve(operand.of[0] ?? DYN, checker.bindings), field))
      }
  }
  return complain(checker, at, `type '${formatType(operand)}' does not support field selection`)
}

function callType(checker: Checker, node: Call): CelType {
  if (node.name === '_?._') return optionalSelectType(checker, node)
  const { target } = node
  const prefix = target === undefined ? undefined : dottedName(target)
  if (prefix !== undefined && checker.scope.functions.has(`${prefix}.${node.name}`)) {
    checker.qualified.set(node, `${prefix}.${node.name}`)
    const args = node.args.map((one) => typeOf(checker, one))
    return resolveCall(checker, node, `${prefix}.${node.name}`, args, false)
  }
  const args = node.args.map((one) => typeOf(checker, one))
  if (target === undefined) return resolveCall(checker, node, node.name, args, false)
  return resolveCall(checker, node, node.name, [typeOf(checker, target), ...args], true)
}

function optionalSelectType(checker: Checker, node: Call): CelType {
  const [operand, field] = node.args
  if (operand === undefined || field?.op !== 'constant') throw new Error('An optional select without its parts')
  const type = resolve(typeOf(checker, operand), checker.bindings)
  typeOf(checker, field)
  const found = fieldType(checker, node.at, type, String(field.value))
  return found.kind === 'opaque' && found.name === 'optional_type' ? found : optionalOf(found)
}

/** Every overload that the arguments fit; the result is dyn where several do that answer different types. */
function resolveCall(checker: Checker, node: Call, name: string, args: readonly CelType[], member: boolean): CelType {
  const known = checker.scope.functions.get(name)
  if (known === undefined) return undeclared(checker, node.at, name)
  const fitting: Overload[] = []
  let result: CelType | undefined
  let bindings: Bindings | undefined
  for (const overload of known) {
    if (overload.member !== member || overload.params.length !== args.length) continue
    const suffix = checker.fresh++
    const trial: Bindings = new Map(checker.bindings)
    if (!overload.params.every((param, i) => assign(renamed(param, suffix), args[i] ?? DYN, trial))) continue
    fitting.push(overload)
    const type = resolve(renamed(overload.result, suffix), trial)
    bindings ??= trial
    result = result === undefined || formatType(result) === formatType(type) ? type : DYN
  }
  if (result === undefined) return noOverload(checker, node, name, args, member)
  if (bindings !== undefined) checker.bindings = bindings
  checker.overloads.set(node, fitting)
  return result
}

function noOverload(checker: Checker, node: Call, name: string, args: readonly CelType[], member: boolean): CelType {
  const resolved = args.map((one) => resolve(one, checker.bindings, true))
  if (resolved.some((one) => isSimple(one, 'error'))) return ERROR
  const shown = resolved.map(formatType)
  const applied = member ? `${shown[0] ?? ''}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`
  return complain(checker, node.at, `found no matching overload for '${name}' applied to '${applied}'`)
}

function listType(checker: Checker, node: Expression & { readonly op: 'list' }): CelType {
  let type: CelType | undefined
  node.items.forEach((item, i) => {
    const found = unwrapped(checker, item, typeOf(checker, item), node.optional.includes(i))
    type = joined(checker, item.at, type, found)
  })
  return listOf(type ?? { kind: 'parameter', name: `list${checker.fresh++}` })
}

function mapType(checker: Checker, node: Expression & { readonly op: 'map' }): CelType {
  let keys: CelType | undefined
  let values: CelType | undefined
  for (const { key, value, optional } of node.entries) {
    keys = joined(checker, key.at, keys, typeOf(checker, key))
    values = joined(checker, value.at, values, unwrapped(checker, value, typeOf(checker, value), optional))
  }
  const free = (): CelType => ({ kind: 'parameter', name: `map${checker.fresh++}` })
  return mapOf(keys ?? free(), values ?? free())
}

function unwrapped(checker: Checker, node: Expression, type: CelType, optional: boolean): CelType {
  if (!optional || isDyn(type)) return type
  if (type.kind === 'opaque' && type.name === 'optional_type') return type.of[0] ?? DYN
  return complain(checker, node.at, `expected type 'optional_type' but found '${formatType(type)}'`)
}

/** Kubernetes wants the elements of a literal to be of one type. */
function joined(checker: Checker, at: number, before: CelType | undefined, next: CelType): CelType {
  if (before === undefined) return next
  const trial: Bindings = new Map(checker.bindings)
  if (!assign(before, next, trial)) {
    const [wanted, found] = [before, next].map((one) => formatType(resolve(one, checker.bindings, true)))
    return complain(checker, at, `expected type '${wanted ?? ''}' but found '${found ?? ''}'`)
  }
  checker.bindings = trial
  return isDyn(next) || isSimple(before, 'null_type') ? next : before
}

function foldType(checker: Checker, node: Fold): CelType {
  const range = resolve(typeOf(checker, node.range), checker.bindings)
  const initial = typeOf(checker, node.initial)
  const [element, second] = elementTypes(checker, node, range)
  checker.locals.push(new Map([[node.accumulator, initial]]))
  const inner = new Map([[node.element, element]])
  if (node.second !== undefined) inner.set(node.second, second)
  checker.locals.push(inner)
  expectType(checker, node.condition, BOOL)
  expectType(checker, node.step, initial)
  checker.locals.pop()
  const result = typeOf(checker, node.result)
  checker.locals.pop()
  return resolve(result, checker.bindings)
}

function elementTypes(checker: Checker, node: Fold, range: CelType): readonly [CelType, CelType] {
  const two = node.second !== undefined
  if (range.kind === 'list') return two ? [INT, range.items] : [range.items, ERROR]
  if (range.kind === 'map') return [range.keys, range.values]
  if (isDyn(range) || range.kind === 'parameter') return [DYN, DYN]
  const shown = formatType(range)
  complain(
    checker,
    node.range.at,
    `expression of type '${shown}' cannot be range of a comprehension (must be list, map, or dynamic)`,
  )
  return [ERROR, ERROR]
}

function expectType(checker: Checker, node: Expression, wanted: CelType): void {
  const found = typeOf(checker, node)
  const trial: Bindings = new Map(checker.bindings)
  if (assign(wanted, found, trial)) {
    checker.bindings = trial
    return
  }
  const [expected, actual] = [wanted, found].map((one) => formatType(resolve(one, checker.bindings, true)))
  complain(checker, node.at, `expected type '${expected ?? ''}' but found '${actual ?? ''}'`)
}
