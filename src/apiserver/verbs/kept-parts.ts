import { isJsonObject } from '../../api/draft.ts'
import type { JsonObject } from '../../api/draft.ts'

const OF_STATUS_WRITES: ReadonlySet<string> = new Set(['metadata', 'status'])
const OF_OTHER_WRITES: ReadonlySet<string> = new Set(['metadata'])

/**
 * The parts of a patched value, but those that are `written`, that are still the live object's own: a write of the status
 * leaves all others alone whatever it says, so they need not be read, defaulted and compared again.
 */
export function keptParts(value: unknown, live: object, written = OF_STATUS_WRITES): JsonObject | undefined {
  if (!isJsonObject(value)) return undefined
  let kept: JsonObject | undefined
  for (const [key, part] of Object.entries(live)) {
    if (written.has(key) || typeof part !== 'object' || value[key] !== part) continue
    kept ??= {}
    kept[key] = part
  }
  return kept
}

/**
 * Kinds of which an update's rules and admission change nothing within the spec but its own fields, so that one that a patch
 * leaves alone need not be read again either. Their pods are labelled, annotated and let go of by the thousand.
 */
const SPEC_STAYS: ReadonlySet<string> = new Set(['pods'])

/** Kinds of which defaults of the status depend on the spec: where a balancer is reached, by the type of the Service. */
const STATUS_BY_SPEC: ReadonlySet<string> = new Set(['services'])

/**
 * What a patch of an object itself, `subresource` or not, has left as it is. The spec of a write that may change it is a copy
 * of its first level: the rest is the live object's.
 */
export function partsToKeep(
  value: unknown,
  live: object,
  { storage, subresource }: { readonly storage: string; readonly subresource: string | undefined },
): JsonObject | undefined {
  if (subresource === 'status') return STATUS_BY_SPEC.has(storage) ? undefined : keptParts(value, live)
  if (subresource !== undefined || !SPEC_STAYS.has(storage)) return undefined
  const kept = keptParts(value, live, OF_OTHER_WRITES)
  const { spec } = kept ?? {}
  return isJsonObject(spec) ? { ...kept, spec: { ...spec } } : kept
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
