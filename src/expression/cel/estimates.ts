import type { CelType } from './cel-type.ts'
import type { Expression } from './syntax.ts'

/** The least and the most that a size or a cost may be. */
export interface Range {
  readonly min: number
  readonly max: number
}

const LIMIT = 2 ** 64
const bounded = (value: number): number => Math.min(value, LIMIT)

export const exactly = (value: number): Range => ({ min: value, max: value })
export const NOTHING = exactly(0)
export const UNKNOWN: Range = { min: 0, max: LIMIT }

export function sum(...ranges: readonly Range[]): Range {
  return ranges.reduce((a, b) => ({ min: bounded(a.min + b.min), max: bounded(a.max + b.max) }), NOTHING)
}

export const product = (a: Range, b: Range): Range => ({ min: bounded(a.min * b.min), max: bounded(a.max * b.max) })

export const times = ({ min, max }: Range, factor: number): Range => ({
  min: bounded(Math.ceil(min * factor)),
  max: bounded(Math.ceil(max * factor)),
})

export const union = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) })

/** A part of an expression as the price of a call looks at it. */
export interface Argument {
  readonly node: Expression | undefined
  readonly type: CelType
  /** Through the type that the expression is about: names of fields, `@items`, `@values` and `@keys`. */
  readonly path: readonly string[] | undefined
  readonly size: Range | undefined
}

/** What a call costs beyond its arguments, and how large what it gives is. */
export interface CallEstimate {
  readonly cost: Range
  readonly size?: Range
}

/** The size that `root` declares at the end of a path, whose first name stands for the root. */
export function declaredSize(root: CelType, path: readonly string[]): Range | undefined {
  if (path.length === 0) return undefined
  let type: CelType | undefined = root
  for (const name of path.slice(1)) {
    type = stepInto(type, name)
    if (type === undefined) return undefined
  }
  return { min: 0, max: 'max' in type ? (type.max ?? 0) : 0 }
}

function stepInto(type: CelType, name: string): CelType | undefined {
  if (name === '@items') return type.kind === 'list' ? type.items : type.kind === 'map' ? type.values : undefined
  if (name === '@values') return type.kind === 'map' ? type.values : type.kind === 'list' ? type.items : undefined
  if (name === '@keys') return type.kind === 'map' ? type.keys : undefined
  return type.kind === 'object' ? type.fields.get(name)?.type : undefined
}
