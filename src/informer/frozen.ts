/**
 * Freezes a plain tree of data and returns it. One whose root is frozen already is taken to be frozen throughout, which is
 * what the direct transport shares: the check costs one call then.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const child of Object.values(value)) deepFreeze(child)
  return value
}
