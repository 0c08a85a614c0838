import type { Pod } from '../../api/generated/core-v1.ts'
import type { PodDisruptionBudget } from '../../api/generated/policy-v1.ts'
import { controllerOf } from '../../reconcile/source.ts'

/** How many pods a controller wants, by what the pod says of it; absent where there is no such controller. */
export type ScaleOf = (pod: Pod) => Scale

export type Scale =
  | { readonly kind: 'scale'; readonly uid: string; readonly replicas: number }
  | { readonly kind: 'none' }
  /** The controller cannot tell: it has no scale. */
  | { readonly kind: 'unscalable'; readonly resource: string }

export interface Expected {
  readonly expectedPods: number
  readonly desiredHealthy: number
  /** Names of pods that nothing controls: a share of them cannot be told. */
  readonly unmanaged: readonly string[]
}

/** A budget in numbers; throws, with Kubernetes' message, where a share is asked of what has no known whole. */
export function expectedOf(budget: PodDisruptionBudget, pods: readonly Pod[], scaleOf: ScaleOf): Expected {
  const { maxUnavailable, minAvailable } = budget.spec ?? {}
  if (maxUnavailable !== undefined) {
    const { total, unmanaged } = wholeOf(pods, scaleOf)
    return { expectedPods: total, desiredHealthy: Math.max(0, total - share(maxUnavailable, total)), unmanaged }
  }
  if (typeof minAvailable === 'string') {
    const { total, unmanaged } = wholeOf(pods, scaleOf)
    return { expectedPods: total, desiredHealthy: share(minAvailable, total), unmanaged }
  }
  return { expectedPods: pods.length, desiredHealthy: minAvailable ?? 0, unmanaged: [] }
}

/** The sum of what the pods' controllers want, each counted once. */
function wholeOf(pods: readonly Pod[], scaleOf: ScaleOf): { total: number; unmanaged: string[] } {
  const scales = new Map<string, number>()
  const unmanaged: string[] = []
  for (const pod of pods) {
    if (controllerOf(pod) === undefined) {
      unmanaged.push(pod.metadata.name!)
      continue
    }
    const scale = scaleOf(pod)
    if (scale.kind === 'none') throw new Error(`found no controllers for pod "${pod.metadata.name}"`)
    if (scale.kind === 'unscalable') throw new Error(`${scale.resource} does not implement the scale subresource`)
    scales.set(scale.uid, scale.replicas)
  }
  return { total: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged }
}

/** Shares are rounded up, in either direction of the budget. */
function share(value: string | number, total: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number(value.replace('%', '')) * total) / 100)
}
