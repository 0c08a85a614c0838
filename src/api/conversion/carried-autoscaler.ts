import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'
import { decodeValue } from '../schema/decode.ts'
import { schemaOf } from '../schema/schema.ts'
import { decoded, decodedList, parsedText } from './autoscaler-metrics.ts'

const PREFIX = 'autoscaling.alpha.kubernetes.io'

/** The annotations in which version 1 of an autoscaler carries what it has no fields for; version 2 has none of them. */
export const CARRIED = {
  metrics: `${PREFIX}/metrics`,
  currentMetrics: `${PREFIX}/current-metrics`,
  behavior: `${PREFIX}/behavior`,
  conditions: `${PREFIX}/conditions`,
  scaleDownTolerance: `${PREFIX}/scale-down-tolerance`,
  scaleUpTolerance: `${PREFIX}/scale-up-tolerance`,
} as const

/** JSON as Go writes it; undefined where the list is empty. */
export const listText = (items: readonly JsonObject[]): string | undefined =>
  items.length === 0 ? undefined : goJson(items)

/** Go escapes what HTML would read. */
const goJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

const POLICY = ['Type', 'Value', 'PeriodSeconds']
const RULES = ['StabilizationWindowSeconds', 'SelectPolicy', 'Policies', 'Tolerance']

/** The behaviour is written as Go's own struct: all fields, by their names there. */
export function behaviorText(behavior: unknown): string | undefined {
  if (!isJsonObject(behavior)) return undefined
  return goJson({ ScaleUp: rules(behavior['scaleUp']), ScaleDown: rules(behavior['scaleDown']) })
}

function rules(value: unknown): JsonObject | null {
  if (!isJsonObject(value)) return null
  const { policies } = value
  return {
    ...capitalized(value, RULES),
    Policies: Array.isArray(policies) ? policies.map((one) => capitalized(one as JsonObject, POLICY)) : null,
  }
}

const capitalized = (value: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, value[uncapitalized(name)] ?? null]))

const uncapitalized = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)

/** The behaviour that an annotation carries, in version 2; undefined where there is none or it says nothing. */
export function behaviorFromText(text: unknown): JsonObject | undefined {
  const value = renamed(parsedText(text))
  if (!isJsonObject(value)) return undefined
  const schema = schemaOf(`io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior`)
  const behavior = decoded(() => decodeValue(schema, value) as JsonObject)
  return behavior === undefined || Object.keys(behavior).length === 0 ? undefined : behavior
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [uncapitalized(name), renamed(part)]))
}

export const conditionsFromText = (text: unknown): readonly JsonObject[] | undefined =>
  decodedList(text, 'HorizontalPodAutoscalerCondition')
