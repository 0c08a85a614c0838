import type { Pod } from '../api/generated/core-v1.ts'
import type { ClusterView } from './cluster-view.ts'
import { podRequests } from './pod-requests.ts'

/** A label of a namespace: its batch work shares the cluster with that of other such namespaces, in proportion to this. */
export const WEIGHT = 'scheduling.shoal.dev/weight'
/** A label of pods that are batch work (`true`) or not (`false`); without it those of Jobs are. */
export const BATCH = 'scheduling.shoal.dev/batch'

const RESOURCES = ['cpu', 'memory'] as const

/** What the batch work of each namespace has on nodes. Pods are counted by whoever counts them in the table. */
export class FairShares {
  readonly #view: ClusterView
  readonly #promised = new Set<string>()
  readonly #leaving = new Set<string>()
  readonly #used = new Map<string, Record<(typeof RESOURCES)[number], number>>()

  constructor(view: ClusterView) {
    this.#view = view
  }

  /** Pods on their way out do not count; those that were promised or told to leave have been counted as such. */
  count(pod: Pod, sign: 1 | -1) {
    const { uid = '', deletionTimestamp } = pod.metadata
    if (!isBatchWork(pod) || deletionTimestamp !== undefined) return
    if (sign === 1 ? this.#promised.delete(uid) : this.#leaving.delete(uid)) return
    this.#add(pod, sign)
  }

  /** A node is being cleared for `pod`: it counts from now on, and `victims` count no more. */
  exchange(pod: Pod, victims: readonly Pod[]) {
    const { uid = '' } = pod.metadata
    if (isBatchWork(pod) && !this.#promised.has(uid)) {
      this.#promised.add(uid)
      this.#add(pod, 1)
    }
    for (const victim of victims) {
      if (!isBatchWork(victim) || victim.metadata.deletionTimestamp !== undefined) continue
      if (this.#leaving.has(victim.metadata.uid ?? '')) continue
      this.#leaving.add(victim.metadata.uid ?? '')
      this.#add(victim, -1)
    }
  }

  /** The pod will not come. */
  withdraw(pod: Pod) {
    if (this.#promised.delete(pod.metadata.uid ?? '')) this.#add(pod, -1)
  }

  #add(pod: Pod, sign: 1 | -1) {
    const namespace = pod.metadata.namespace ?? ''
    const used = this.#used.get(namespace) ?? { cpu: 0, memory: 0 }
    for (const resource of RESOURCES) used[resource] += sign * (podRequests(pod).exact[resource] ?? 0)
    this.#used.set(namespace, used)
  }

  /** The queue that a pod waits in: its namespace's, if that has a weight and the pod is batch work. */
  queueOf(pod: Pod): string | undefined {
    const namespace = pod.metadata.namespace ?? ''
    return isBatchWork(pod) && this.#weightOf(namespace) > 0 ? namespace : undefined
  }

  /**
   * How much of the cluster a namespace has for its weight: the larger of its shares of cpu and memory (dominant resource
   * fairness, Ghodsi et al. 2011), with `more` pods and without `fewer`. The lowest is served first.
   */
  shareOf(namespace: string, more: readonly Pod[] = [], fewer: readonly Pod[] = []): number {
    let dominant = 0
    for (const resource of RESOURCES) {
      const of = (pods: readonly Pod[]) => pods.reduce((sum, pod) => sum + (podRequests(pod).exact[resource] ?? 0), 0)
      const used = (this.#used.get(namespace)?.[resource] ?? 0) + of(more) - of(fewer)
      const all = this.#view.table.column(resource)?.allocatable.reduce((sum, amount) => sum + amount, 0) ?? 0
      if (all > 0) dominant = Math.max(dominant, used / all)
    }
    return dominant / this.#weightOf(namespace)
  }

  /** Whether `pod` may take back from `victims` what their namespaces have borrowed: each keeps at least as much as it gets. */
  mayTakeBack(pod: Pod, victims: readonly Pod[]): boolean {
    const own = this.queueOf(pod)
    if (own === undefined) return false
    const gets = this.shareOf(own, this.#promised.has(pod.metadata.uid ?? '') ? [] : [pod])
    const byQueue = Map.groupBy(victims, (victim) => this.queueOf(victim))
    for (const [queue, theirs] of byQueue)
      if (queue === undefined || queue === own || this.shareOf(queue, [], theirs) < gets) return false
    return true
  }

  #weightOf(namespace: string): number {
    const weight = Number(this.#view.namespaces.get(namespace)?.[WEIGHT])
    return Number.isFinite(weight) && weight > 0 ? weight : 0
  }
}

function isBatchWork({ metadata }: Pod): boolean {
  const said = metadata.labels?.[BATCH]
  if (said !== undefined) return said === 'true'
  return metadata.ownerReferences?.some(({ kind, controller }) => controller === true && kind === 'Job') === true
}
