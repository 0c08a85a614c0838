import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'
import { DecodeError, decodeValue } from '../schema/decode.ts'
import { schemaOf } from '../schema/schema.ts'

/** Whether metrics are those that an autoscaler wants, or what was measured of them. */
export type Side = 'target' | 'current'

/** The parts of a metric, in the order in which version 1 writes them. */
const SOURCES = ['object', 'pods', 'resource', 'containerResource', 'external'] as const
type Source = (typeof SOURCES)[number]

/**
 * How version 1 names what version 2 has in parts of parts, in the order in which it writes them; `!` where it is written
 * though there is none.
 */
const FIELDS: Readonly<Record<Side, Readonly<Record<Source, Readonly<Record<string, string>>>>>> = {
  target: {
    object: {
      target: 'describedObject',
      'metricName!': 'metric.name',
      'targetValue!': 'target.value',
      selector: 'metric.selector',
      averageValue: 'target.averageValue',
    },
    pods: { 'metricName!': 'metric.name', 'targetAverageValue!': 'target.averageValue', selector: 'metric.selector' },
    resource: {
      'name!': 'name',
      targetAverageUtilization: 'target.averageUtilization',
      targetAverageValue: 'target.averageValue',
    },
    containerResource: {
      'name!': 'name',
      targetAverageUtilization: 'target.averageUtilization',
      targetAverageValue: 'target.averageValue',
      'container!': 'container',
    },
    external: {
      'metricName!': 'metric.name',
      metricSelector: 'metric.selector',
      targetValue: 'target.value',
      targetAverageValue: 'target.averageValue',
    },
  },
  current: {
    object: {
      target: 'describedObject',
      'metricName!': 'metric.name',
      'currentValue!': 'current.value',
      selector: 'metric.selector',
      averageValue: 'current.averageValue',
    },
    pods: { 'metricName!': 'metric.name', 'currentAverageValue!': 'current.averageValue', selector: 'metric.selector' },
    resource: {
      'name!': 'name',
      currentAverageUtilization: 'current.averageUtilization',
      'currentAverageValue!': 'current.averageValue',
    },
    containerResource: {
      'name!': 'name',
      currentAverageUtilization: 'current.averageUtilization',
      'currentAverageValue!': 'current.averageValue',
      'container!': 'container',
    },
    external: {
      'metricName!': 'metric.name',
      metricSelector: 'metric.selector',
      'currentValue!': 'current.value',
      currentAverageValue: 'current.averageValue',
    },
  },
}

/** A metric of version 2 as version 1 has it. */
export function firstMetric(metric: JsonObject, side: Side): JsonObject {
  const result: JsonObject = { type: metric['type'] ?? '' }
  for (const source of SOURCES) {
    const from = metric[source]
    if (isJsonObject(from)) result[source] = firstSource(from, FIELDS[side][source])
  }
  return result
}

function firstSource(from: JsonObject, fields: Readonly<Record<string, string>>): JsonObject {
  const result: JsonObject = {}
  for (const [name, path] of Object.entries(fields)) {
    const value = path.split('.').reduce<unknown>((value, key) => (isJsonObject(value) ? value[key] : undefined), from)
    const isWritten = name.endsWith('!')
    const zero = /[vV]alue!$/.test(name) ? '0' : ''
    if (value !== undefined) result[name.replace('!', '')] = ORDERED[path]?.(value) ?? value
    else if (isWritten) result[name.slice(0, -1)] = zero
  }
  return result
}

const inOrder =
  (...names: readonly string[]) =>
  (value: unknown): unknown =>
    isJsonObject(value)
      ? Object.fromEntries(names.flatMap((name) => (value[name] === undefined ? [] : [[name, value[name]]])))
      : value

/** Structs that lie within, in their own order. */
const ORDERED: Readonly<Record<string, (value: unknown) => unknown>> = {
  describedObject: inOrder('kind', 'name', 'apiVersion'),
  'metric.selector': (selector) => {
    const ordered = inOrder('matchLabels', 'matchExpressions')(selector) as JsonObject
    const { matchExpressions } = ordered
    if (!Array.isArray(matchExpressions)) return ordered
    return { ...ordered, matchExpressions: matchExpressions.map(inOrder('key', 'operator', 'values')) }
  },
}

/** Version 2's metrics, read from an annotation; undefined where there is none or its text is no list of metrics. */
export function metricsFromText(text: unknown, side: Side): readonly JsonObject[] | undefined {
  const definition = side === 'target' ? 'MetricSpec' : 'MetricStatus'
  return decodedList(text, definition, (metric) => secondMetric(metric, side))
}

function secondMetric(metric: JsonObject, side: Side): JsonObject {
  const result: JsonObject = { type: metric['type'] ?? '' }
  for (const source of SOURCES) {
    const from = metric[source]
    if (isJsonObject(from)) result[source] = secondSource(from, source, side)
  }
  return result
}

function secondSource(from: JsonObject, source: Source, side: Side): JsonObject {
  const result: JsonObject = {}
  for (const [written, path] of Object.entries(FIELDS[side][source])) {
    const name = written.replace('!', '')
    // Amounts that are no pointers are there though nobody wrote them.
    const value = from[name] ?? (/[vV]alue!$/.test(written) ? '0' : undefined)
    if (value === undefined) continue
    const keys = path.split('.')
    const holder = keys.slice(0, -1).reduce((part, key) => (part[key] ??= {}) as JsonObject, result)
    holder[keys.at(-1) ?? ''] = value
  }
  if (side === 'target') result['target'] = { type: targetType(from, source), ...(result['target'] as object) }
  return result
}

/** Version 1 does not say what a target is of: what it has tells. */
function targetType(from: JsonObject, source: Source): string {
  if (source === 'object') return from['averageValue'] === undefined ? 'Value' : 'AverageValue'
  if (source === 'external') return from['targetValue'] === undefined ? 'AverageValue' : 'Value'
  return from['targetAverageUtilization'] === undefined ? 'AverageValue' : 'Utilization'
}

/** A list of structs of version 2 from an annotation's text, checked by their schema; undefined where it is none. */
export function decodedList(
  text: unknown,
  definition: string,
  convert: (item: JsonObject) => JsonObject = (item) => item,
): readonly JsonObject[] | undefined {
  const items = parsedText(text)
  if (!Array.isArray(items) || !items.every(isJsonObject)) return undefined
  const schema = schemaOf(`io.k8s.api.autoscaling.v2.${definition}`)
  return decoded(() => items.map((item) => decodeValue(schema, convert(item)) as JsonObject))
}

export function parsedText(text: unknown): unknown {
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What a text of the wrong shape says is left out, as Kubernetes leaves it out. */
export function decoded<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
