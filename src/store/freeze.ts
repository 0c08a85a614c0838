/**
 * Freezes `value` and everything in it. What is frozen already is taken to be frozen all the way down, so that an object
 * made by copying a stored one pays only for what is new: never freeze a part of an object alone.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const key in value) deepFreeze(value[key])
  return Object.freeze(value)
}
