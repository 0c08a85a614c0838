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
 * that came over the wire then costs the memory of what it changed, and unchanged parts are the same by identity. What is
 * not in `previous` is taken from `alike` where that is equal: another frozen object, of the same shape more often than not.
 */
export function freezeSharing<T>(value: T, previous: unknown, alike?: unknown): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (!isLike(value, previous)) return isLike(value, alike) ? freezeSharing(value, alike) : deepFreeze(value)
  const other = isLike(value, alike) ? alike : undefined
  if (Array.isArray(value)) return freezeList(value, previous as typeof value, other as typeof value | undefined)
  return freezeFields(value as Fields, previous as Fields, other as Fields | undefined) as T
}

function isLike(value: object, other: unknown): boolean {
  return typeof other === 'object' && other !== null && Array.isArray(value) === Array.isArray(other)
}

type Fields = Record<string, unknown>

/** Parts are put in place only where the whole is not what it was: almost always it is. */
function freezeFields(value: Fields, previous: Fields, alike: Fields | undefined): Fields {
  let replaced: [key: string, part: unknown][] | undefined
  let same = true
  let sameAsAlike = alike !== undefined
  let count = 0
  for (const key in value) {
    const own = value[key]
    count++
    const isBefore = Object.hasOwn(previous, key)
    const isAlike = alike !== undefined && Object.hasOwn(alike, key)
    const before = isBefore ? previous[key] : undefined
    const other = isAlike ? alike[key] : undefined
    const part = typeof own === 'object' ? freezeSharing(own, before, other) : own
    if (!isBefore || part !== before) same = false
    if (!isAlike || part !== other) sameAsAlike = false
    if (part !== own) (replaced ??= []).push([key, part])
  }
  if (same && count === sizeOf(previous)) return previous
  if (sameAsAlike && count === sizeOf(alike!)) return alike!
  if (replaced !== undefined) for (const [key, part] of replaced) value[key] = part
  return Object.freeze(value)
}

function sizeOf(fields: Fields): number {
  let size = 0
  for (const _ in fields) size++
  return size
}

function freezeList<T extends unknown[]>(value: T, previous: T, alike: T | undefined): T {
  let same = value.length === previous.length
  let sameAsAlike = value.length === alike?.length
  for (let i = 0; i < value.length; i++) {
    const part = freezeSharing(value[i], previous[i], alike?.[i])
    if (part !== value[i]) value[i] = part
    if (part !== previous[i]) same = false
    if (part !== alike?.[i]) sameAsAlike = false
  }
  return same ? previous : sameAsAlike ? alike! : Object.freeze(value)
}
