import type { Taint, Toleration } from '../api/generated/core-v1.ts'

/** Whether `toleration` lets a pod live with `taint`, by the rules of the API's `Toleration`. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== '' && toleration.effect !== taint.effect) return false
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false
  if (toleration.operator === 'Exists') return true
  // An empty key matches every taint only together with the operator Exists.
  return toleration.key !== undefined && toleration.key !== '' && (toleration.value ?? '') === (taint.value ?? '')
}

/** The first taint with one of `effects` that none of `tolerations` covers. */
export function untolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  return taints?.find(
    (taint) => effects.includes(taint.effect) && !tolerations?.some((toleration) => tolerates(toleration, taint)),
  )
}

/** How many taints of effect PreferNoSchedule the pod does not tolerate: fewer is better. */
export function countUnpreferred(taints: readonly Taint[] | undefined, tolerations: readonly Toleration[] | undefined) {
  const relevant = tolerations?.filter(
    ({ effect }) => effect === undefined || effect === '' || effect === 'PreferNoSchedule',
  )
  const unmet = (taint: Taint) => !relevant?.some((toleration) => tolerates(toleration, taint))
  return taints?.filter((taint) => taint.effect === 'PreferNoSchedule' && unmet(taint)).length ?? 0
}
