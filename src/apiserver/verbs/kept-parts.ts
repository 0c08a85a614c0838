import { isJsonObject } from '../../api/draft.ts'
import type { JsonObject } from '../../api/draft.ts'

/**
 * The parts of a patched value, but metadata and status, that are still the live object's own: a write of the status leaves
 * them alone whatever it says, so they need not be read, defaulted and compared again.
 */
export function keptParts(value: unknown, live: object): JsonObject | undefined {
  if (!isJsonObject(value)) return undefined
  let kept: JsonObject | undefined
  for (const [key, part] of Object.entries(live)) {
    if (key === 'metadata' || key === 'status' || typeof part !== 'object' || value[key] !== part) continue
    kept ??= {}
    kept[key] = part
  }
  return kept
}

export function withoutParts(value: JsonObject, kept: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !Object.hasOwn(kept, key)))
}

/** `rest` and the kept parts, in the order of `value`. */
export function withParts<T extends object>(value: JsonObject, kept: JsonObject, rest: T): T {
  const own = rest as JsonObject
  const whole: JsonObject = {}
  for (const key of Object.keys(value)) {
    const from = Object.hasOwn(kept, key) ? kept : own
    if (Object.hasOwn(from, key)) whole[key] = from[key]
  }
  for (const key of Object.keys(own)) if (!Object.hasOwn(whole, key)) whole[key] = own[key]
  return whole as T
}
