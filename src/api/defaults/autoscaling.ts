import type { Draft } from '../draft.ts'
import type { HPAScalingRules, HorizontalPodAutoscaler } from '../generated/autoscaling-v2.ts'
import type { HorizontalPodAutoscaler as FirstAutoscaler } from '../generated/autoscaling-v1.ts'
import { setDefaults } from './set-default.ts'

export function defaultAutoscaler({ spec }: Draft<HorizontalPodAutoscaler>): void {
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

/** Version 1 knows one metric, which is measured where none is named. */
export function defaultFirstAutoscaler({ spec }: Draft<FirstAutoscaler>): void {
  if (spec !== undefined) setDefaults(spec, { minReplicas: 1, targetCPUUtilizationPercentage: 80 })
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
