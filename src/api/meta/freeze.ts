/** Freezes a JSON value and all within it, so that it can be shared. Parts that are frozen already are taken as such. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const key in value) deepFreeze(value[key])
  return Object.freeze(value)
}
