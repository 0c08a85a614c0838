import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'

/** RFC 7386: null removes, objects merge, all else replaces. Gives a new value; neither argument is changed. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch
  const result = new Map<string, unknown>(isJsonObject(target) ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key)
    else result.set(key, applyMergePatch(result.get(key), value))
  }
  return objectOf(result)
}

/** An object with these fields as own properties, whatever their names. */
export function objectOf(entries: Iterable<readonly [string, unknown]>): JsonObject {
  return Object.fromEntries(entries) as JsonObject
}
