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
  if (Array.isArray(value)) return freezeList(value, previous as typeof value)
  return freezeFields(value as Fields, previous as Fields) as T
}

type Fields = Record<string, unknown>

/** Parts are put in place only where the whole is not what it was: almost always it is. */
function freezeFields(value: Fields, previous: Fields): Fields {
  let replaced: [key: string, part: unknown][] | undefined
  let same = true
  let more = 0
  for (const key in value) {
    const own = value[key]
    const other = previous[key]
    more++
    if (other === own && typeof own !== 'object' && own !== undefined) continue
    const part = Object.hasOwn(previous, key) ? freezeSharing(own, other) : deepFreeze(own)
    if (part !== other || !Object.hasOwn(previous, key)) same = false
    if (part !== own) (replaced ??= []).push([key, part])
  }
  for (const _ in previous) more--
  if (same && more === 0) return previous
  if (replaced !== undefined) for (const [key, part] of replaced) value[key] = part
  return Object.freeze(value)
}

function freezeList<T extends unknown[]>(value: T, previous: T): T {
  let same = value.length === previous.length
  for (let i = 0; i < value.length; i++) {
    const part = freezeSharing(value[i], previous[i])
    if (part !== value[i]) value[i] = part
    if (part !== previous[i]) same = false
  }
  return same ? previous : Object.freeze(value)
}
