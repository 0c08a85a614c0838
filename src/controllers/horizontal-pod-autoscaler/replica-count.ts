import type { PodGroups } from './pod-groups.ts'
import { totalOf } from './pod-usage.ts'
import type { Usages } from './pod-usage.ts'

/** By what share use may miss its target before anything is done about it. */
export interface Tolerances {
  readonly up: number
  readonly down: number
}

export interface Ratio {
  /** What is used, as a share of what should be. */
  readonly ratio: number
  /** The use per pod, in thousandths. */
  readonly average: number
  /** In percent of what is asked for, where use is measured so. */
  readonly utilization?: number
}

export type RatioOf = (usages: Usages) => Ratio

export interface Proposal extends Ratio {
  readonly replicas: number
}

export function isWithin(ratio: number, { up, down }: Tolerances): boolean {
  return 1 - down <= ratio && ratio <= 1 + up
}

/** Use against a target for each pod. */
export function averageRatio(target: number): RatioOf {
  return (usages) => {
    const average = Math.trunc(totalOf(usages) / usages.size)
    return { ratio: average / target, average }
  }
}

/** Use in percent of what the pods ask for, against a target in percent. */
export function utilizationRatio(requests: ReadonlyMap<string, number>, target: number): RatioOf {
  return (usages) => {
    const known = [...usages].filter(([name]) => requests.has(name))
    const requested = known.reduce((sum, [name]) => sum + requests.get(name)!, 0)
    if (requested === 0) throw new Error('no metrics returned matched known pods')
    const used = totalOf(new Map(known))
    const utilization = Math.trunc((used * 100) / requested)
    return { ratio: utilization / target, average: Math.trunc(used / known.length), utilization }
  }
}

/**
 * How many pods there should be. Pods that were not measured, or are not ready, are assumed to use what speaks against a
 * change: all on the way down (`fallback`), nothing on the way up; and a change whose direction they turn round is none.
 */
export function proposeReplicas(
  current: number,
  groups: PodGroups,
  ratioOf: RatioOf,
  fallback: (pod: string) => number,
  tolerances: Tolerances,
): Proposal {
  if (groups.usages.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)')
  const measured = ratioOf(groups.usages)
  const { ratio } = measured
  const isUpWithUnready = groups.unready.length > 0 && ratio > 1
  if (!isUpWithUnready && groups.missing.length === 0) {
    const replicas = isWithin(ratio, tolerances) ? current : Math.ceil(ratio * groups.ready)
    return { ...measured, replicas }
  }
  const assumed = new Map(groups.usages)
  const assume = (pod: string, value: number) => assumed.set(pod, { value, atMs: 0, windowMs: 0 })
  for (const pod of ratio === 1 ? [] : groups.missing) assume(pod, ratio < 1 ? fallback(pod) : 0)
  for (const pod of isUpWithUnready ? groups.unready : []) assume(pod, 0)
  const again = ratioOf(assumed).ratio
  const stays = { ...measured, replicas: current }
  if (isWithin(again, tolerances) || (ratio < 1 && again > 1) || (ratio > 1 && again < 1)) return stays
  const replicas = Math.ceil(again * assumed.size)
  if ((again < 1 && replicas > current) || (again > 1 && replicas < current)) return stays
  return { ...measured, replicas }
}

/** For a single number against a target, with so many pods ready. From zero pods on, readiness and tolerance say nothing. */
export function proposeByValue(
  current: number,
  usage: number,
  target: number,
  ready: () => number,
  tolerances: Tolerances,
): number {
  const ratio = usage / target
  if (current === 0) return Math.ceil(ratio)
  return isWithin(ratio, tolerances) ? current : Math.ceil(ratio * ready())
}

/** For a single number that is to be shared by the pods. */
export function proposeByShare(current: number, usage: number, target: number, tolerances: Tolerances): Proposal {
  const ratio = usage / (target * current)
  const replicas = isWithin(ratio, tolerances) ? current : Math.min(2 ** 31 - 1, Math.ceil(usage / target))
  return { replicas, ratio, average: Math.ceil(usage / current) }
}
