import type { CelType } from './cel-type.ts'
import { DYN, isDyn, isSimple } from './cel-type.ts'

/** What type parameters stand for. */
export type Bindings = Map<string, CelType>

/** Whether a value of type `from` may be given where `to` is expected; binds parameters of both in `bindings`. */
export function assign(to: CelType, from: CelType, bindings: Bindings): boolean {
  if (to.kind === 'parameter') return assignParameter(to.name, from, bindings, true)
  if (from.kind === 'parameter') return assignParameter(from.name, to, bindings, false)
  if (isDyn(to) || isDyn(from)) return true
  if (isSimple(from, 'null_type')) return acceptsNull(to)
  if (isSimple(to, 'null_type')) return acceptsNull(from)
  return assignParts(to, from, bindings)
}

function assignParts(to: CelType, from: CelType, bindings: Bindings): boolean {
  switch (to.kind) {
    case 'simple':
      return from.kind === 'simple' && from.name === to.name
    case 'list':
      return from.kind === 'list' && assign(to.items, from.items, bindings)
    case 'map':
      return from.kind === 'map' && assign(to.keys, from.keys, bindings) && assign(to.values, from.values, bindings)
    case 'object':
      return from.kind === 'object' && from.name === to.name
    case 'opaque': {
      if (from.kind !== 'opaque' || from.name !== to.name || from.of.length !== to.of.length) return false
      return to.of.every((one, i) => assign(one, from.of[i] ?? DYN, bindings))
    }
    default:
      return false
  }
}

const acceptsNull = (type: CelType): boolean =>
  type.kind === 'object' ||
  type.kind === 'opaque' ||
  isSimple(type, 'null_type', 'google.protobuf.Timestamp', 'google.protobuf.Duration')

/** A parameter that is bound already takes what fits it, and becomes the more general of the two. */
function assignParameter(name: string, type: CelType, bindings: Bindings, isTarget: boolean): boolean {
  if (type.kind === 'parameter' && type.name === name) return true
  const bound = bindings.get(name)
  if (bound === undefined) {
    if (mentions(type, name, bindings)) return false
    bindings.set(name, type)
    return true
  }
  const fits = isTarget ? assign(bound, type, bindings) : assign(type, bound, bindings)
  if (!fits) return false
  if (isDyn(type) && !isDyn(bound)) bindings.set(name, type)
  return true
}

function mentions(type: CelType, name: string, bindings: Bindings): boolean {
  switch (type.kind) {
    case 'parameter': {
      if (type.name === name) return true
      const bound = bindings.get(type.name)
      return bound !== undefined && mentions(bound, name, bindings)
    }
    case 'list':
      return mentions(type.items, name, bindings)
    case 'map':
      return mentions(type.keys, name, bindings) || mentions(type.values, name, bindings)
    case 'opaque':
      return type.of.some((one) => mentions(one, name, bindings))
    default:
      return false
  }
}

/** The type with its parameters replaced by what they stand for; with `free`, by dyn where they stand for nothing. */
export function resolve(type: CelType, bindings: Bindings, free = false): CelType {
  switch (type.kind) {
    case 'parameter': {
      const bound = bindings.get(type.name)
      if (bound !== undefined) return resolve(bound, bindings, free)
      return free ? DYN : type
    }
    case 'list':
      return { ...type, items: resolve(type.items, bindings, free) }
    case 'map':
      return { ...type, keys: resolve(type.keys, bindings, free), values: resolve(type.values, bindings, free) }
    case 'opaque':
      return type.of.length === 0 ? type : { ...type, of: type.of.map((one) => resolve(one, bindings, free)) }
    default:
      return type
  }
}

/** Which parameters a type mentions get names of their own, so that two uses of a function do not meet. */
export function renamed(type: CelType, suffix: number): CelType {
  switch (type.kind) {
    case 'parameter':
      return { kind: 'parameter', name: `${type.name}${suffix}` }
    case 'list':
      return { ...type, items: renamed(type.items, suffix) }
    case 'map':
      return { ...type, keys: renamed(type.keys, suffix), values: renamed(type.values, suffix) }
    case 'opaque':
      return type.of.length === 0 ? type : { ...type, of: type.of.map((one) => renamed(one, suffix)) }
    default:
      return type
  }
}
