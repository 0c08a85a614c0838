/**
 * Freezes `value` and everything in it. What is frozen already is taken to be frozen all the way down, so that an object
 * made by copying a stored one pays only for what is new: never freeze a part of an object alone.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  // Walking an array by its keys would make a text of each index.
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) deepFreeze(value[i])
  else for (const key in value) deepFreeze(value[key])
  return Object.freeze(value)
}

/**
 * {@link deepFreeze}, with the parts that equal their counterparts in the frozen `previous` replaced by those. An update
 * that came over the wire then costs the memory of what it changed, and unchanged parts are the same by identity.
 */
export function freezeSharing<T>(value: T, previous: unknown): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (typeof previous !== 'object' || previous === null || Array.isArray(value) !== Array.isArray(previous)) {
    return deepFreeze(value)
  }
  const counterpart = previous as T
  let same = true
  let size = 0
  for (const key in value) {
    const known = Object.hasOwn(counterpart as object, key)
    const part = known ? freezeSharing(value[key], counterpart[key]) : deepFreeze(value[key])
    // Writing what is there already would cost as much as the rest of this walk.
    if (part !== value[key]) value[key] = part
    if (!known || part !== counterpart[key]) same = false
    size++
  }
  return same && size === Object.keys(previous).length ? counterpart : Object.freeze(value)
}
