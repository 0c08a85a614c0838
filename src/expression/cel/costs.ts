import type { Overload } from './functions.ts'
import type { Value } from './values.ts'
import { isList, isMap, Opaque, OptionalValue } from './values.ts'

export const LIST_COST = 10
export const MAP_COST = 30
export const MESSAGE_COST = 40
export const STRING_FACTOR = 0.1
export const REGEX_FACTOR = 0.25
/** Of an authorization check: two fit into one expression's limit. */
export const CHECK_COST = 350_000

/** What Kubernetes counts as the size of a value. */
export function sizeOf(value: Value | undefined): number {
  if (typeof value === 'string') return [...value].length
  if (typeof value !== 'object' || value === null) return 1
  if (isList(value) || value instanceof Uint8Array) return value.length
  if (value instanceof Opaque) return value.size
  if (value instanceof OptionalValue) return value.value === undefined ? 1 : sizeOf(value.value)
  return isMap(value) ? value.size : 1
}

/** What a call has cost, by Kubernetes' rules (`library/cost.go`) and, for the rest, those of cel-go. */
export function callCost(name: string, { id }: Overload, args: readonly Value[], result: Value): number {
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined
  return rule?.(args, result, id) ?? 1
}

type Rule = (args: readonly Value[], result: Value, id: string) => number

const traversal =
  (factor: number): Rule =>
  ([subject]) =>
    Math.ceil(sizeOf(subject) * factor * STRING_FACTOR)

const pattern: Rule = ([text, regex]) =>
  Math.ceil((1 + sizeOf(text)) * STRING_FACTOR) * Math.ceil(sizeOf(regex) * REGEX_FACTOR)

const smaller: Rule = ([a, b]) => {
  if (a instanceof Opaque) return 1
  return Math.ceil(Math.min(sizeOf(a), sizeOf(b)) * STRING_FACTOR)
}

const ordered: Rule = (args) =>
  typeof args[0] === 'string' || args[0] instanceof Uint8Array ? smaller(args, null, '') : 1

const pairs =
  (factor: number): Rule =>
  ([a, b]) =>
    1 + factor * sizeOf(a) * sizeOf(b)

const whole: Rule = ([subject]) => (subject === undefined ? 0 : treeCost(subject))

const contained = (more: number): Rule => {
  return ([cidr, other]) => {
    const size = sizeOf(cidr)
    const parsing = typeof other === 'string' ? Math.ceil(sizeOf(other) * STRING_FACTOR) : 0
    const masking = more === 0 ? 0 : Math.ceil(size * STRING_FACTOR) + more
    return Math.ceil(2 * size * STRING_FACTOR) + parsing + masking
  }
}

/** Where no rule is named, a call costs 1. */
const RULES: Readonly<Record<string, Rule>> = {
  check: () => CHECK_COST,
  fieldSelector: selector,
  labelSelector: selector,
  isSorted: whole,
  sum: whole,
  max: whole,
  min: whole,
  indexOf: whole,
  lastIndexOf: whole,
  url: traversal(1),
  lowerAscii: traversal(1),
  upperAscii: traversal(1),
  substring: traversal(1),
  trim: traversal(1),
  replace: traversal(2),
  split: traversal(2),
  join: (_, result) => Math.ceil(sizeOf(result) * 2 * STRING_FACTOR),
  find: pattern,
  findAll: pattern,
  matches: pattern,
  cidr: traversal(1),
  isIP: traversal(1),
  isCIDR: traversal(1),
  ip: (args, result, id) => (id.startsWith('net.CIDR') ? 1 : traversal(1)(args, result, id)),
  'ip.isCanonical': traversal(2),
  containsIP: contained(0),
  containsCIDR: contained(1),
  quantity: traversal(1),
  isQuantity: traversal(1),
  semver: traversal(1),
  isSemver: traversal(1),
  validate: ([format, text]) =>
    Math.ceil((1 + sizeOf(text)) * STRING_FACTOR) * Math.ceil(sizeOf(format) * REGEX_FACTOR),
  startsWith: traversal(1),
  endsWith: traversal(1),
  format: traversal(1),
  'strings.quote': traversal(1),
  bytes: (args, result, id) => (id.startsWith('bytes(string)') ? traversal(1)(args, result, id) : 1),
  string: (args, result, id) => (id.startsWith('string(bytes)') ? traversal(1)(args, result, id) : 1),
  'sets.contains': pairs(1),
  'sets.intersects': pairs(1),
  'sets.equivalent': pairs(2),
  contains: ([text, part]) => Math.ceil(sizeOf(text) * STRING_FACTOR) * Math.ceil(sizeOf(part) * STRING_FACTOR),
  '@in': ([, list], _, id) => (id.includes('list') ? sizeOf(list) : 1),
  '_==_': smaller,
  '_!=_': smaller,
  '_<_': ordered,
  '_<=_': ordered,
  '_>_': ordered,
  '_>=_': ordered,
  '_+_': ([a, b]) => {
    const copies = typeof a === 'string' || a instanceof Uint8Array
    return copies ? Math.ceil((sizeOf(a) + sizeOf(b)) * STRING_FACTOR) : 1
  },
}

function selector([, text]: readonly Value[]): number {
  const size = sizeOf(text)
  return LIST_COST + Math.ceil(size * STRING_FACTOR) + Math.ceil(size * 0.5 * (LIST_COST + MESSAGE_COST))
}

function treeCost(value: Value): number {
  if (typeof value === 'string') return Math.floor(new TextEncoder().encode(value).length * STRING_FACTOR)
  if (typeof value !== 'object' || value === null) return 1
  if (value instanceof Uint8Array) return Math.floor(value.length * STRING_FACTOR)
  if (isList(value)) return value.reduce((sum: number, one) => sum + treeCost(one), 0)
  if (!isMap(value)) return 1
  return value.keys().reduce((sum: number, key) => sum + treeCost(key) + treeCost(value.get(key) ?? null), 0)
}
