import type { Draft } from '../draft.ts'
import { isJsonObject } from '../draft.ts'
import type { KubeObject } from '../object.ts'
import type { ObjectSchema } from '../schema/schema.ts'
import { subtract } from './field-set.ts'
import type { FieldSet } from './field-set.ts'
import { appliedSet, compare } from './typed.ts'

/** The one manager whose older way of applying, at the client, is taken into account. */
export const KUBECTL = 'kubectl'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** The fields that kubectl applied at the client and that have kept their values since. */
export function lastAppliedSet(schema: ObjectSchema, live: KubeObject): FieldSet | undefined {
  const text = live.metadata.annotations?.[LAST_APPLIED]
  if (!text) return undefined
  const last = parsed(text)
  if (last === undefined || last['apiVersion'] !== live.apiVersion) return undefined
  const { changed, removed } = compare(schema, last, live)
  return subtract(subtract(appliedSet(schema, last), changed), removed)
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Objects that say what was last applied at the client go on to say so, for clients that still apply there. */
export function renewLastApplied(object: Draft<KubeObject>, applied: KubeObject): void {
  const { annotations } = object.metadata
  if (!annotations?.[LAST_APPLIED]) return
  const { [LAST_APPLIED]: _, ...others } = applied.metadata.annotations ?? {}
  const metadata = { ...applied.metadata, annotations: others }
  annotations[LAST_APPLIED] = `${JSON.stringify(sorted({ ...applied, metadata }))}\n`
}

/** Keys in order, as Go writes maps. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]))
}
