import type { Pod } from '../../api/generated/core-v1.ts'
import { amountsOf } from '../../placement/amounts.ts'
import { podRequests } from '../../placement/pod-requests.ts'
import type { Shortage } from './thresholds.ts'

/** A pod that may have to go, and what it and its containers use of what is short. */
export interface Candidate {
  readonly pod: Pod
  readonly used: number
  readonly containers: readonly { readonly name: string; readonly used: number }[]
}

/** Pods of this priority and above keep the cluster going, and stay. */
const CRITICAL = 2_000_000_000

export const isCritical = ({ spec, metadata }: Pod): boolean =>
  (spec?.priority ?? 0) >= CRITICAL || metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined

/**
 * The order in which pods go, the first first, by the kubelet's rules: those that use more than they asked for, then those
 * of the lower priority, then those that use the most beyond what they asked for.
 */
export function ranked(candidates: readonly Candidate[], resource: Shortage['resource']): readonly Candidate[] {
  const excess = ({ pod, used }: Candidate) => used - (podRequests(pod).exact[resource] ?? 0)
  const priority = ({ pod }: Candidate) => pod.spec?.priority ?? 0
  return candidates
    .filter(({ pod }) => !isCritical(pod))
    .toSorted(
      (a, b) => Number(excess(b) > 0) - Number(excess(a) > 0) || priority(a) - priority(b) || excess(b) - excess(a),
    )
}

/** What is said of a pod that had to go, in the kubelet's words. */
export function evictionMessage({ resource, threshold, available }: Shortage, { pod, containers }: Candidate): string {
  const amount = resource === 'inodes' ? String : binary
  const low = `The node was low on resource: ${resource}. `
  const met = `Threshold quantity: ${amount(threshold)}, available: ${amount(available)}. `
  const greedy = containers.flatMap(({ name, used }) => {
    const request =
      amountsOf(pod.spec?.containers.find((each) => each.name === name)?.resources?.requests)[resource] ?? 0
    const words = `Container ${name} was using ${amount(used)}, request is ${amount(request)}`
    return used > request ? [`${words}, has larger consumption of ${resource}. `] : []
  })
  return `${low}${met}${greedy.join('')}`
}

/** Bytes as Kubernetes writes them: with the largest suffix that leaves a whole number. */
export function binary(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti']
  let [value, unit] = [Math.floor(bytes), 0]
  while (value !== 0 && value % 1024 === 0 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1]
  return `${value}${units[unit]}`
}
