import type { Expression, Fold } from './syntax.ts'
import { CompileError } from './syntax.ts'

/** The accumulator of every macro; no source can write this name. */
export const ACCUMULATOR = '@result'

/** What a macro is given: where it stands, what it goes over and its arguments. */
interface Use {
  readonly source: string
  readonly at: number
  readonly target: Expression
  readonly args: readonly Expression[]
}

/** The expression that a macro stands for; undefined where `name` with these arguments is none. */
export function expandMacro(
  source: string,
  name: string,
  target: Expression | undefined,
  args: readonly Expression[],
  at: number,
): Expression | undefined {
  if (target === undefined) return name === 'has' && args.length === 1 ? has(source, args[0], at) : undefined
  const expander = Object.hasOwn(MACROS, `${name}/${args.length}`) ? MACROS[`${name}/${args.length}`] : undefined
  return expander?.({ source, at, target, args })
}

function has(source: string, argument: Expression | undefined, at: number): Expression {
  if (argument?.op === 'select' && !argument.test) return { ...argument, at, test: true }
  throw new CompileError(source, [{ at: argument?.at ?? at, message: 'invalid argument to has() macro' }])
}

const MACROS: Readonly<Record<string, (use: Use) => Expression>> = {
  'all/2': (use) => all(use, 1),
  'all/3': (use) => all(use, 2),
  'exists/2': (use) => exists(use, 1),
  'exists/3': (use) => exists(use, 2),
  'exists_one/2': (use) => existsOne(use, 1),
  'existsOne/2': (use) => existsOne(use, 1),
  'exists_one/3': (use) => existsOne(use, 2),
  'existsOne/3': (use) => existsOne(use, 2),
  'map/2': (use) => collect(use, 1, undefined, argument(use, 1)),
  'map/3': (use) => collect(use, 1, argument(use, 1), argument(use, 2)),
  'filter/2': (use) => collect(use, 1, argument(use, 1), argument(use, 0)),
  'transformList/3': (use) => collect(use, 2, undefined, argument(use, 2)),
  'transformList/4': (use) => collect(use, 2, argument(use, 2), argument(use, 3)),
  'transformMap/3': (use) => toMap(use, undefined, keyed(use, argument(use, 2))),
  'transformMap/4': (use) => toMap(use, argument(use, 2), keyed(use, argument(use, 3))),
  'transformMapEntry/3': (use) => toMap(use, undefined, [argument(use, 2)]),
  'transformMapEntry/4': (use) => toMap(use, argument(use, 2), [argument(use, 3)]),
  'optMap/2': (use) => optionally(use, (value) => call(use.at, 'optional.of', [value])),
  'optFlatMap/2': (use) => optionally(use, (value) => value),
}

function all(use: Use, variables: 1 | 2): Expression {
  const { at } = use
  return fold(use, variables, {
    initial: constant(at, true),
    condition: call(at, '@not_strictly_false', [accumulator(at)]),
    step: call(at, '_&&_', [accumulator(at), argument(use, variables)]),
    result: accumulator(at),
  })
}

function exists(use: Use, variables: 1 | 2): Expression {
  const { at } = use
  return fold(use, variables, {
    initial: constant(at, false),
    condition: call(at, '@not_strictly_false', [call(at, '!_', [accumulator(at)])]),
    step: call(at, '_||_', [accumulator(at), argument(use, variables)]),
    result: accumulator(at),
  })
}

function existsOne(use: Use, variables: 1 | 2): Expression {
  const { at } = use
  const more = call(at, '_+_', [accumulator(at), constant(at, 1n)])
  return fold(use, variables, {
    initial: constant(at, 0n),
    condition: constant(at, true),
    step: call(at, '_?_:_', [argument(use, variables), more, accumulator(at)]),
    result: call(at, '_==_', [accumulator(at), constant(at, 1n)]),
  })
}

function collect(use: Use, variables: 1 | 2, filter: Expression | undefined, item: Expression): Expression {
  const { at } = use
  const more = call(at, '_+_', [accumulator(at), { op: 'list', at, items: [item], optional: [] }])
  return fold(use, variables, {
    initial: { op: 'list', at, items: [], optional: [] },
    condition: constant(at, true),
    step: filter === undefined ? more : call(at, '_?_:_', [filter, more, accumulator(at)]),
    result: accumulator(at),
  })
}

const keyed = (use: Use, value: Expression): readonly Expression[] => [argument(use, 0), value]

function toMap(use: Use, filter: Expression | undefined, entry: readonly Expression[]): Expression {
  const { at } = use
  const more = call(at, 'cel.@mapInsert', [accumulator(at), ...entry])
  return fold(use, 2, {
    initial: { op: 'map', at, entries: [] },
    condition: constant(at, true),
    step: filter === undefined ? more : call(at, '_?_:_', [filter, more, accumulator(at)]),
    result: accumulator(at),
  })
}

/** Binds the value of an optional to a name by a loop that never runs: its accumulator is the name. */
function optionally(use: Use, result: (value: Expression) => Expression): Expression {
  const { at, target } = use
  const member = (name: string): Expression => ({ op: 'call', at, name, target, args: [] })
  const bound: Fold = {
    op: 'fold',
    at,
    range: { op: 'list', at, items: [], optional: [] },
    element: '#unused',
    second: undefined,
    accumulator: nameOf(use, 0),
    initial: member('value'),
    condition: constant(at, false),
    step: { op: 'identifier', at, name: nameOf(use, 0) },
    result: argument(use, 1),
  }
  return call(at, '_?_:_', [member('hasValue'), result(bound), call(at, 'optional.none', [])])
}

function fold(use: Use, variables: 1 | 2, parts: Pick<Fold, 'initial' | 'condition' | 'step' | 'result'>): Expression {
  const element = nameOf(use, 0)
  const second = variables === 2 ? nameOf(use, 1) : undefined
  if (element === second) fail(use, argument(use, 1).at, `duplicate variable name: ${element}`)
  return { op: 'fold', at: use.at, range: use.target, element, second, accumulator: ACCUMULATOR, ...parts }
}

function nameOf(use: Use, index: number): string {
  const name = argument(use, index)
  if (name.op !== 'identifier') return fail(use, name.at, 'argument must be a simple name')
  if (name.name === ACCUMULATOR || name.name === '__result__') {
    return fail(use, name.at, 'iteration variable overwrites accumulator variable')
  }
  return name.name
}

function argument({ args }: Use, index: number): Expression {
  const found = args[index]
  if (found === undefined) throw new Error(`A macro has no argument ${index}`)
  return found
}

function fail({ source }: Use, at: number, message: string): never {
  throw new CompileError(source, [{ at, message }])
}

const accumulator = (at: number): Expression => ({ op: 'identifier', at, name: ACCUMULATOR })

const constant = (at: number, value: boolean | bigint): Expression => ({ op: 'constant', at, value })

const call = (at: number, name: string, args: readonly Expression[]): Expression => ({
  op: 'call',
  at,
  name,
  target: undefined,
  args,
})
