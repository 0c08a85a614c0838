import type { Pod } from '../api/generated/core-v1.ts'
import type { TermGroup } from './affinity-terms.ts'
import { hostPorts } from './host-ports.ts'
import type { HostPort } from './host-ports.ts'
import { podRequests } from './pod-requests.ts'
import type { PodRequests } from './pod-requests.ts'
import type { PodSort } from './pod-sorts.ts'

/** A pod as the node table counts it, with what has to be computed once. */
export interface PodInfo {
  readonly pod: Pod
  readonly requests: PodRequests
  readonly priority: number
  readonly ports: readonly HostPort[]
  readonly sort: PodSort
  readonly terms: readonly TermGroup[]
}

export function createPodInfo(pod: Pod, sort: PodSort, terms: readonly TermGroup[]): PodInfo {
  return { pod, requests: podRequests(pod), priority: priorityOf(pod), ports: hostPorts(pod), sort, terms }
}

export const priorityOf = (pod: Pod | undefined) => pod?.spec?.priority ?? 0
