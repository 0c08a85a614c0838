import type { Pod } from '../api/generated/core-v1.ts'
import type { Random } from '../env/random.ts'
import type { ClusterView } from './cluster-view.ts'
import type { NodeTable } from './node-table.ts'
import type { PodInfo } from './pod-info.ts'
import type { PodRequests } from './pod-requests.ts'

/** One attempt to place one pod. Plugins read it and never change it. */
export interface Cycle {
  readonly pod: Pod
  readonly requests: PodRequests
  /** The same as `view.table`. */
  readonly table: NodeTable
  readonly view: ClusterView
  readonly random: Random
}

/** Why a node will not do. Plugins give the same object for the same reasons, so that thousands cost nothing. */
export interface Rejection {
  readonly plugin: string
  /** In Kubernetes' words, such as `Insufficient cpu`; one node may have several. */
  readonly reasons: readonly string[]
  /** Whether removing other pods from the node could help. */
  readonly preemptionMayHelp: boolean
}

/** What a filter plugin found out about one pod before it looks at nodes (Kubernetes' PreFilter). */
export interface NodeFilter {
  /** Says of the node at `slot` whether the pod may go there; undefined means it may. */
  check(slot: number): Rejection | undefined
  /** Only these nodes can do: all others are left out unseen. */
  readonly only?: ReadonlySet<string>
  /** A trial has put a pod on the node at `slot`, or has taken one away. Needed only where `check` does not read the table. */
  podChanged?(info: PodInfo, slot: number, amount: 1 | -1): void
}

/** What a change of the cluster can be that makes room for a pod which had none. */
export type ClusterEvent =
  | 'node-added'
  | 'node-allocatable'
  | 'node-labels'
  | 'node-taints'
  | 'node-unschedulable'
  | 'pod-gone'
  | 'pod-added'
  | 'pod-labels'
  | 'pod-resized'
  | 'claims'
  | 'volumes'
  | 'classes'
  | 'csi-nodes'
  | 'csi-drivers'
  | 'capacities'
  | 'attachments'
  | 'group'

/** Says which nodes a pod may go to. */
export interface FilterPlugin {
  readonly name: string
  /** Undefined where the plugin has nothing to say of this pod; a rejection where no node will do. */
  prepare(cycle: Cycle): NodeFilter | Rejection | undefined
  /** What can make a pod fit that this plugin has turned away: its queueing hints. */
  readonly wakesOn: readonly ClusterEvent[]
  /** A closer look: whether that event with this pod or node can help `pod`. Absent means it can. */
  helps?(pod: Pod, event: ClusterEvent, about: unknown): boolean
}

/**
 * Rates the nodes that passed all filters. `score` fills `scores` (one for each of `slots`) with values in 0 to 100, the
 * higher the better; the profile multiplies them by the plugin's weight and adds them up.
 */
export interface ScorePlugin {
  readonly name: string
  /** Returns false where all nodes are alike to it, whatever it wrote. */
  score(cycle: Cycle, slots: readonly number[], scores: Float64Array): boolean | void
}

/** A way to place pods, chosen by a pod's `schedulerName` or as the cluster's default. */
export interface Profile {
  readonly name: string
  readonly filters: readonly FilterPlugin[]
  readonly scores: readonly { readonly plugin: ScorePlugin; readonly weight: number }[]
  /** Looks at every node that fits, not at a sample as Kubernetes does in large clusters. */
  readonly everyNode?: boolean
  /** Whether pods of this profile may take the place of others of lower priority. */
  readonly preempts: boolean
}

/** The best score that a plugin gives. */
export const MAX_SCORE = 100

export function isRejection(outcome: NodeFilter | Rejection): outcome is Rejection {
  return 'reasons' in outcome
}

/** A rejection with one reason. */
export function rejection(plugin: string, reason: string, preemptionMayHelp: boolean): Rejection {
  return { plugin, reasons: [reason], preemptionMayHelp }
}

/** Spreads `scores` over 0 to 100, the largest getting 100 (0 where `reverse`), as Kubernetes' default normalisation. */
export function normalize(scores: Float64Array, reverse: boolean): void {
  let largest = 0
  for (const score of scores) largest = Math.max(largest, score)
  for (let i = 0; i < scores.length; i++) {
    const share = largest === 0 ? 0 : Math.floor((MAX_SCORE * (scores[i] ?? 0)) / largest)
    scores[i] = reverse ? MAX_SCORE - share : share
  }
}
