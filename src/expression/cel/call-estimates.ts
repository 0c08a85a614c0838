import type { CelType } from './cel-type.ts'
import { CHECK_COST, LIST_COST, MESSAGE_COST, REGEX_FACTOR, STRING_FACTOR } from './costs.ts'
import type { Argument, CallEstimate, Range } from './estimates.ts'
import { exactly, product, sum, times, UNKNOWN } from './estimates.ts'

/** A call with its receiver, if it is a member's, and the way to learn how large its arguments may be. */
export interface EstimatedCall {
  readonly overload: string
  readonly target: Argument | undefined
  readonly args: readonly Argument[]
  sizeOf(one: Argument): Range
}

type Rule = (call: EstimatedCall) => CallEstimate | undefined

const ONE: CallEstimate = { cost: exactly(1) }
const nominal: Rule = () => ONE

/** Goes over the first argument or, of a member, the receiver. */
function traversing(of: 'target' | 'argument', factor: number, gives: boolean): Rule {
  return ({ target, args, sizeOf }) => {
    const one = of === 'target' ? target : args[0]
    if (one === undefined) return undefined
    const size = sizeOf(one)
    return { cost: times(size, factor * STRING_FACTOR), ...(gives && { size }) }
  }
}

const parsing = traversing('argument', 1, false)

/** Kubernetes' own rules (`library/cost.go`), by function. */
const RULES: Readonly<Record<string, Rule>> = {
  check: () => ({ cost: exactly(CHECK_COST) }),
  fieldSelector: selecting,
  labelSelector: selecting,
  isSorted: comparing,
  sum: comparing,
  max: comparing,
  min: comparing,
  indexOf: comparing,
  lastIndexOf: comparing,
  url: traversing('argument', 1, true),
  lowerAscii: traversing('target', 1, true),
  upperAscii: traversing('target', 1, true),
  substring: traversing('target', 1, true),
  trim: traversing('target', 1, true),
  replace: replacing,
  split: splitting,
  join: joining,
  find: finding,
  findAll: finding,
  cidr: parsing,
  isIP: parsing,
  isCIDR: parsing,
  ip: (call) => (call.overload.startsWith('net.CIDR') ? ONE : parsing(call)),
  'ip.isCanonical': traversing('argument', 2, false),
  containsIP: (call) => containing(call, false),
  containsCIDR: (call) => containing(call, true),
  quantity: parsing,
  isQuantity: parsing,
  semver: parsing,
  isSemver: parsing,
  validate: ({ args: [text], sizeOf }) =>
    text && { cost: times(times(sizeOf(text), STRING_FACTOR), MAX_FORMAT_PATTERN * REGEX_FACTOR) },
  'sets.contains': (call) => ofSets(call, 1),
  'sets.intersects': (call) => ofSets(call, 1),
  'sets.equivalent': (call) => ofSets(call, 2),
  '_==_': ({ args: [one], overload: _ }) =>
    one?.type.kind === 'opaque' &&
    ['net.IP', 'net.CIDR', 'kubernetes.Quantity', 'kubernetes.Semver'].includes(one.type.name)
      ? ONE
      : undefined,
  format: ({ target, sizeOf }) => target && { cost: times(sizeOf(target), STRING_FACTOR) },
  bytes: (call) => (call.overload.startsWith('bytes(string)') ? converting(call, 1, 4) : undefined),
  string: (call) => (call.overload.startsWith('string(bytes)') ? converting(call, 0.25, 1) : undefined),
  'strings.quote': ({ args: [text], sizeOf }) => {
    if (text === undefined) return undefined
    const { min, max } = sizeOf(text)
    return { cost: times(sizeOf(text), STRING_FACTOR), size: { min: min + 2, max: max * 2 + 2 } }
  },
  startsWith: traversing('argument', 1, false),
  endsWith: traversing('argument', 1, false),
  '@in': ({ args: [, list], overload, sizeOf }) =>
    list !== undefined && overload.includes('list') ? { cost: sizeOf(list) } : undefined,
  matches: ({ target, args, sizeOf }) => {
    const [text, pattern] = target === undefined ? args : [target, args[0]]
    return text && pattern && { cost: patternCost(sizeOf(text), sizeOf(pattern)) }
  },
  contains: ({ target, args: [part], sizeOf }) =>
    target && part && { cost: product(times(sizeOf(target), STRING_FACTOR), times(sizeOf(part), STRING_FACTOR)) },
}

const MAX_FORMAT_PATTERN = 128

/** What a call costs beyond its arguments, where it is not one unit whatever they are. */
export function estimateCall(name: string, call: EstimatedCall): CallEstimate {
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : COMPARISONS.has(name) ? comparison : undefined
  return rule?.(call) ?? (name === '_==_' || name === '_!=_' ? comparison(call) : undefined) ?? nominal(call) ?? ONE
}

const COMPARISONS = new Set(['_<_', '_<=_', '_>_', '_>=_'])

/** As far as the smaller of the two goes. Numbers are ordered at the price of one unit, but looked at for equality. */
function comparison({ args: [left, right], overload, sizeOf }: EstimatedCall): CallEstimate | undefined {
  if (left === undefined || right === undefined) return undefined
  if (/^_[<>]=?_/.test(overload) && !/\((string|bytes),/.test(overload)) return undefined
  const most = Math.min(sizeOf(left).max, sizeOf(right).max)
  return { cost: times({ min: most > 0 ? 1 : 0, max: most }, STRING_FACTOR) }
}

function selecting({ args: [text], sizeOf }: EstimatedCall): CallEstimate | undefined {
  if (text === undefined) return undefined
  const size = sizeOf(text)
  const requirements = times(size, 0.5 * (LIST_COST + MESSAGE_COST))
  return { cost: sum(exactly(LIST_COST), times(size, STRING_FACTOR), requirements) }
}

function comparing({ target, sizeOf }: EstimatedCall): CallEstimate | undefined {
  if (target === undefined) return undefined
  if (target.type.kind !== 'list') return { cost: times(sizeOf(target), STRING_FACTOR) }
  return { cost: product(sizeOf(target), sum(exactly(1), elementCost(target, target.type.items, sizeOf))) }
}

/** Of texts, what it costs to go over one. */
function elementCost(list: Argument, items: CelType, sizeOf: EstimatedCall['sizeOf']): Range {
  const isText = items.kind === 'simple' && (items.name === 'string' || items.name === 'bytes')
  return isText ? times(sizeOf(elementOf(list, items)), STRING_FACTOR) : exactly(0)
}

const elementOf = ({ path }: Argument, type: CelType): Argument => ({
  node: undefined,
  type,
  path: path === undefined ? undefined : [...path, '@items'],
  size: undefined,
})

function replacing({ target, args: [part, by], sizeOf }: EstimatedCall): CallEstimate | undefined {
  if (target === undefined || part === undefined || by === undefined) return undefined
  const [text, from, to] = [sizeOf(target), sizeOf(part), sizeOf(by)]
  const most =
    from.min === 0
      ? (text.max + 1) * to.max + text.max
      : to.max <= from.min
        ? text.max
        : Math.ceil(text.max / from.min) * to.max
  const least =
    from.max === 0
      ? (text.min + 1) * to.min + text.min
      : from.max <= to.min
        ? text.min
        : Math.ceil(text.min / from.max) * to.min
  return { cost: times(text, 2 * STRING_FACTOR), size: { min: least, max: Math.min(most, UNKNOWN.max) } }
}

function splitting({ target, args, sizeOf }: EstimatedCall): CallEstimate | undefined {
  if (target === undefined) return undefined
  const size = sizeOf(target)
  const count = args[1]?.node
  const parts = count?.op === 'constant' && typeof count.value === 'bigint' ? Number(count.value) : size.max
  return { cost: times(size, 2 * STRING_FACTOR), size: { min: 0, max: parts } }
}

function joining({ target, args: [separator], sizeOf }: EstimatedCall): CallEstimate | undefined {
  if (target === undefined) return undefined
  const list = sizeOf(target)
  const element = target.type.kind === 'list' ? sizeOf(elementOf(target, target.type.items)) : exactly(0)
  const between = { min: Math.max(0, list.min - 1), max: Math.max(0, list.max - 1) }
  const separators = separator === undefined ? exactly(0) : product(sizeOf(separator), between)
  const size = sum(product(list, element), separators)
  return { cost: times(size, STRING_FACTOR), size }
}

function finding({ target, args: [pattern], sizeOf }: EstimatedCall): CallEstimate | undefined {
  if (target === undefined || pattern === undefined) return undefined
  const text = sizeOf(target)
  return { cost: patternCost(text, sizeOf(pattern)), size: { min: 0, max: text.max } }
}

const patternCost = (text: Range, pattern: Range): Range =>
  product(times(sum(text, exactly(1)), STRING_FACTOR), times(pattern, REGEX_FACTOR))

function containing({ args: [other], overload, sizeOf }: EstimatedCall, isMasked: boolean): CallEstimate | undefined {
  if (other === undefined) return undefined
  const bytes = { min: 4, max: 16 }
  const masking = isMasked ? sum(times(bytes, STRING_FACTOR), exactly(1)) : exactly(0)
  const read = /\(string\)/.test(overload) ? times(sizeOf(other), STRING_FACTOR) : exactly(0)
  return { cost: sum(times(sum(bytes, bytes), STRING_FACTOR), masking, read) }
}

function ofSets({ args: [a, b], sizeOf }: EstimatedCall, factor: number): CallEstimate | undefined {
  return a && b && { cost: sum(times(product(sizeOf(a), sizeOf(b)), factor), exactly(1)) }
}

function converting({ args: [one], sizeOf }: EstimatedCall, least: number, most: number): CallEstimate | undefined {
  if (one === undefined) return undefined
  const { min, max } = sizeOf(one)
  return { cost: times(sizeOf(one), STRING_FACTOR), size: { min: Math.floor(min * least), max: max * most } }
}
