import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'

const part = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})

/** Version 1 knows one metric, the share of requested CPU, as a field of its own. */
export function autoscalerToV2(fields: JsonObject): JsonObject {
  const { targetCPUUtilizationPercentage: percent, ...spec } = part(fields['spec'])
  const { currentCPUUtilizationPercentage: _, ...status } = part(fields['status'])
  const target = { type: 'Utilization', averageUtilization: percent }
  const metrics = percent === undefined ? {} : { metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }] }
  return { ...fields, spec: { ...spec, ...metrics }, status: { currentMetrics: null, ...status } }
}

export function autoscalerToV1(fields: JsonObject): JsonObject {
  const { metrics, behavior: _, ...spec } = part(fields['spec'])
  const { currentMetrics: __, conditions: ___, ...status } = part(fields['status'])
  const list: readonly unknown[] = Array.isArray(metrics) ? metrics : []
  const resources = list.map((one) => part(part(one)['resource']))
  const percent = part(resources.find((one) => one['name'] === 'cpu')?.['target'])['averageUtilization']
  const own = percent === undefined ? {} : { targetCPUUtilizationPercentage: percent }
  return { ...fields, spec: { ...spec, ...own }, status: { currentReplicas: 0, ...status } }
}
