import { isZero } from '../schema/scalar.ts'

/** Whether two JSON values are the same; the order of keys does not matter. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && listsEqual(a, b)
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && jsonEqual(left[key], right[key]))
}

function listsEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => jsonEqual(item, b[i]))
}

/** As {@link jsonEqual}, but absent, null and empty lists and maps are the same, at any depth: Kubernetes' semantic equality. */
export function semanticallyEqual(a: unknown, b: unknown): boolean {
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b)
  return sameWithin(a, b)
}

const isNothing = (value: unknown) =>
  value === null || value === undefined || (typeof value === 'object' && isZero(value))

/** Empty maps, told from structs that have no fields set: those are there. */
const emptyMaps = new WeakSet<object>()

export const noteEmptyMap = (map: object): void => void emptyMaps.add(map)

/** Whether a value within an object is none to Kubernetes. */
export function isNone(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (typeof value !== 'object') return false
  return Array.isArray(value) ? value.length === 0 : emptyMaps.has(value) && Object.keys(value).length === 0
}

function sameWithin(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (isNone(a) || isNone(b)) return isNone(a) && isNone(b)
  if (typeof a !== 'object' || typeof b !== 'object') return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => sameWithin(item, b[i]))
  }
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  for (const key of Object.keys(left)) if (!sameWithin(left[key], own(right, key))) return false
  return Object.keys(right).every((key) => Object.hasOwn(left, key) || isNone(right[key]))
}

const own = (object: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined
