import type { Pod, PodCondition } from '../generated/core-v1.ts'

/**
 * What a strategic patch of a pod's status sets one condition with, as Kubernetes' own patches do: where it stands, or behind
 * all others. Without the order, the server would put a new one first.
 */
export function setCondition({ status }: Pod, condition: PodCondition) {
  const types = (status?.conditions ?? []).map(({ type }) => type)
  const order = types.includes(condition.type) ? types : [...types, condition.type]
  return { conditions: [condition], '$setElementOrder/conditions': order.map((type) => ({ type })) }
}
