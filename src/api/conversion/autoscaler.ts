import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'
import { behaviorFromText, behaviorText, CARRIED, conditionsFromText, listText } from './carried-autoscaler.ts'
import { firstMetric, metricsFromText } from './autoscaler-metrics.ts'

/** Autoscalers in version 2 that say nothing of what they measure have this, in percent of the requested CPU. */
const DEFAULT_CPU_PERCENT = 80

/**
 * Version 1 knows one metric, the share of requested CPU, as a field of its own; all else that version 2 has travels in
 * annotations, as in Convert_v1_HorizontalPodAutoscaler_To_autoscaling_HorizontalPodAutoscaler.
 */
export function autoscalerToV2(fields: JsonObject): JsonObject {
  const { targetCPUUtilizationPercentage: percent, ...spec } = part(fields['spec'])
  const { currentCPUUtilizationPercentage: current, ...status } = part(fields['status'])
  const carried = part(part(fields['metadata'])['annotations'])
  const own = percent === undefined ? [] : [cpuMetric({ target: { type: 'Utilization', averageUtilization: percent } })]
  const metrics = [...(metricsFromText(carried[CARRIED.metrics], 'target') ?? []), ...own]
  const behavior = behaviorFromText(carried[CARRIED.behavior])
  const measured = current === undefined ? null : [cpuMetric({ current: { averageUtilization: current } })]
  const conditions = conditionsFromText(carried[CARRIED.conditions])
  return {
    ...fields,
    metadata: withoutCarried(part(fields['metadata'])),
    spec: {
      ...spec,
      metrics: metrics.length > 0 ? metrics : [cpuMetric({ target: DEFAULT_TARGET })],
      ...(behavior && { behavior }),
    },
    status: {
      ...status,
      currentMetrics: metricsFromText(carried[CARRIED.currentMetrics], 'current') ?? measured,
      ...(conditions && { conditions }),
    },
  }
}

const DEFAULT_TARGET = { type: 'Utilization', averageUtilization: DEFAULT_CPU_PERCENT }
const cpuMetric = (rest: JsonObject) => ({ type: 'Resource', resource: { name: 'cpu', ...rest } })

/** The other way: Convert_autoscaling_HorizontalPodAutoscaler_To_v1_HorizontalPodAutoscaler. */
export function autoscalerToV1(fields: JsonObject): JsonObject {
  const { metrics, behavior, ...spec } = part(fields['spec'])
  const { currentMetrics, conditions, ...status } = part(fields['status'])
  const wanted = list(metrics)
  const percent = wanted.map((one) => cpuShare(one, 'target')).find((one) => one !== undefined)
  const current = list(currentMetrics).map((one) => cpuShare(one, 'current'))
  const measured = current.findLast((one) => one !== undefined)
  const others = wanted.filter((one) => cpuShare(one, 'target') === undefined)
  const carried = {
    [CARRIED.metrics]: listText(others.map((one) => firstMetric(one, 'target'))),
    [CARRIED.currentMetrics]: listText(list(currentMetrics).map((one) => firstMetric(one, 'current'))),
    [CARRIED.behavior]: behaviorText(behavior),
    [CARRIED.conditions]: listText(list(conditions)),
  }
  return {
    ...fields,
    metadata: withCarried(withoutCarried(part(fields['metadata'])), carried),
    spec: { ...spec, ...(percent !== undefined && { targetCPUUtilizationPercentage: percent }) },
    status: {
      currentReplicas: 0,
      ...status,
      ...(measured !== undefined && { currentCPUUtilizationPercentage: measured }),
    },
  }
}

/** The metadata without the annotations in which version 1 carries what it has no fields for. */
export function withoutCarried(metadata: JsonObject): JsonObject {
  const { annotations, ...rest } = metadata
  if (!isJsonObject(annotations)) return metadata
  const kept = Object.entries(annotations).filter(([name]) => !DROPPED.has(name))
  if (kept.length === Object.keys(annotations).length) return metadata
  return kept.length === 0 ? rest : { ...metadata, annotations: Object.fromEntries(kept) }
}

const DROPPED: ReadonlySet<string> = new Set(Object.values(CARRIED))

function withCarried(metadata: JsonObject, carried: Readonly<Record<string, string | undefined>>): JsonObject {
  const set = Object.entries(carried).filter(([, text]) => text !== undefined)
  if (set.length === 0) return metadata
  return { ...metadata, annotations: { ...part(metadata['annotations']), ...Object.fromEntries(set) } }
}

/** The share of requested CPU that a metric is of, where it is that. */
function cpuShare(metric: JsonObject, side: 'target' | 'current'): unknown {
  const resource = part(metric['resource'])
  if (metric['type'] !== 'Resource' || resource['name'] !== 'cpu') return undefined
  return part(resource[side])['averageUtilization']
}

const part = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})
const list = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? (value as readonly JsonObject[]) : [])
