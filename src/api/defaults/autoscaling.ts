import { withoutCarried } from '../conversion/autoscaler.ts'
import type { Draft, JsonObject } from '../draft.ts'
import type { HPAScalingRules, HorizontalPodAutoscaler } from '../generated/autoscaling-v2.ts'
import type { HorizontalPodAutoscaler as FirstAutoscaler } from '../generated/autoscaling-v1.ts'
import { setDefaults } from './set-default.ts'

/** What version 1 carries in annotations is no annotation to version 2. */
export function defaultAutoscaler(autoscaler: Draft<HorizontalPodAutoscaler>): void {
  autoscaler.metadata = withoutCarried(autoscaler.metadata as JsonObject)
  const { spec } = autoscaler
  if (spec === undefined) return
  setDefaults(spec, { minReplicas: 1 })
  if (spec.metrics === undefined || spec.metrics.length === 0) {
    const target = { type: 'Utilization', averageUtilization: 80 }
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }]
  }
  if (spec.behavior === undefined) return
  spec.behavior.scaleUp = withDefaults(spec.behavior.scaleUp, 0, [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ])
  spec.behavior.scaleDown = withDefaults(spec.behavior.scaleDown, undefined, [
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ])
}

/** What is measured where nothing is named is known once the annotations are read: its conversion says that. */
export function defaultFirstAutoscaler({ spec }: Draft<FirstAutoscaler>): void {
  if (spec !== undefined) setDefaults(spec, { minReplicas: 1 })
}

type Policies = NonNullable<HPAScalingRules['policies']>

function withDefaults(
  rules: Draft<HPAScalingRules> | undefined,
  windowSeconds: number | undefined,
  policies: Policies,
): Draft<HPAScalingRules> {
  const result = rules ?? {}
  if (windowSeconds !== undefined) setDefaults(result, { stabilizationWindowSeconds: windowSeconds })
  setDefaults(result, { selectPolicy: 'Max', policies: [...policies] })
  return result
}
