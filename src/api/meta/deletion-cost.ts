export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'

const INT32 = /^(0|-?[1-9]\d{0,9})$/

/** What a pod says that its deletion costs: 0 where it says nothing, undefined where that is no number of 32 bits. */
export function deletionCostOf(annotations: Readonly<Record<string, string>> | undefined): number | undefined {
  const text = annotations?.[DELETION_COST] ?? '0'
  const cost = INT32.test(text) ? Number(text) : Number.NaN
  return cost === Math.trunc(cost) && cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : undefined
}
