/**
 * A set of fields in the form of `fieldsV1`: `f:name` a field, `k:{...}` an item by its keys, `v:...` an item by value,
 * `.` the thing itself. A node without entries is the thing itself too.
 */
export interface FieldSet {
  readonly [step: string]: FieldSet
}

/** The thing itself and nothing within it. */
export const LEAF: FieldSet = Object.freeze({})

/** Whether the node itself belongs to the set, rather than only what is within it. */
export function hasSelf(set: FieldSet): boolean {
  return '.' in set || Object.keys(set).length === 0
}

/** A node of these parts, or undefined where nothing belongs to it. */
export function makeSet(self: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet | undefined {
  const entries = [...children]
  if (entries.length === 0) return self ? LEAF : undefined
  return Object.fromEntries(self ? [['.', LEAF] as const, ...entries] : entries)
}

export const childrenOf = (set: FieldSet): (readonly [string, FieldSet])[] =>
  Object.entries(set).filter(([step]) => step !== '.')

const childOf = (set: FieldSet | undefined, step: string): FieldSet | undefined =>
  set !== undefined && step !== '.' && Object.hasOwn(set, step) ? set[step] : undefined

type Maybe = FieldSet | undefined

export function unite(a: Maybe, b: Maybe): Maybe {
  if (a === undefined) return b
  if (b === undefined) return a
  const steps = new Set([...childrenOf(a), ...childrenOf(b)].map(([step]) => step))
  return makeSet(
    hasSelf(a) || hasSelf(b),
    defined([...steps].map((step) => [step, unite(childOf(a, step), childOf(b, step))])),
  )
}

export function subtract(a: Maybe, b: Maybe): Maybe {
  if (a === undefined || b === undefined) return a
  const children = childrenOf(a).map(([step, child]) => [step, subtract(child, childOf(b, step))] as const)
  return makeSet(hasSelf(a) && !hasSelf(b), defined(children))
}

export function intersect(a: Maybe, b: Maybe): Maybe {
  if (a === undefined || b === undefined) return undefined
  const children = childrenOf(a).map(([step, child]) => [step, intersect(child, childOf(b, step))] as const)
  return makeSet(hasSelf(a) && hasSelf(b), defined(children))
}

export function defined(entries: Iterable<readonly [string, Maybe]>): (readonly [string, FieldSet])[] {
  return [...entries].flatMap(([step, child]) => (child === undefined ? [] : [[step, child] as const]))
}

/**
 * The paths of a set's members, as conflicts name them: `.spec.containers[name="main"].image`. What is nearer comes
 * first, and what comes by its name is in order.
 */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const children = childrenOf(set).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const members = children.filter(([, child]) => hasSelf(child)).map(([step]) => prefix + stepText(step))
  return [...members, ...children.flatMap(([step, child]) => pathsOf(child, prefix + stepText(step)))]
}

/** A step as paths show it: `.name`, `[name="main"]` or `[="value"]`. */
export function stepText(step: string): string {
  if (step.startsWith('f:')) return `.${step.slice(2)}`
  if (step.startsWith('v:')) return `[=${step.slice(2)}]`
  const keys = Object.entries(JSON.parse(step.slice(2)) as Record<string, unknown>)
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
}
