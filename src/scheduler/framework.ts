import type { Node, Pod } from '../api/generated/core-v1.ts'
import type { Random } from '../env/random.ts'
import type { PodRequests } from '../placement/pod-requests.ts'
import type { NodeTable } from './node-table.ts'

/** One attempt to place one pod. Plugins read it and never change it. */
export interface Cycle {
  readonly pod: Pod
  readonly requests: PodRequests
  readonly table: NodeTable
  readonly random: Random
}

/** Why a node will not do. */
export interface Rejection {
  readonly plugin: string
  /** In Kubernetes' words, such as `Insufficient cpu`; one node may have several. */
  readonly reasons: readonly string[]
  /** Whether removing other pods from the node could help. */
  readonly preemptionMayHelp: boolean
}

/** Says of each node whether the pod may go there; undefined means it may. */
export interface FilterPlugin {
  readonly name: string
  filter(cycle: Cycle, slot: number, node: Node): Rejection | undefined
}

/**
 * Rates the nodes that passed all filters. `score` fills `scores` (one for each of `slots`) with values in 0 to 100, the
 * higher the better; the profile multiplies them by the plugin's weight and adds them up.
 */
export interface ScorePlugin {
  readonly name: string
  score(cycle: Cycle, slots: readonly number[], scores: Float64Array): void
}

/** A way to place pods, chosen by a pod's `schedulerName` or as the cluster's default. */
export interface Profile {
  readonly name: string
  readonly filters: readonly FilterPlugin[]
  readonly scores: readonly { readonly plugin: ScorePlugin; readonly weight: number }[]
  /** Looks at every node that fits, not at a sample as Kubernetes does in large clusters. */
  readonly everyNode?: boolean
}

/** The best score that a plugin gives. */
export const MAX_SCORE = 100

/** Spreads `scores` over 0 to 100, the largest getting 100 (0 where `reverse`), as Kubernetes' default normalisation. */
export function normalize(scores: Float64Array, reverse: boolean): void {
  let largest = 0
  for (const score of scores) largest = Math.max(largest, score)
  for (let i = 0; i < scores.length; i++) {
    const share = largest === 0 ? 0 : Math.floor((MAX_SCORE * (scores[i] ?? 0)) / largest)
    scores[i] = reverse ? MAX_SCORE - share : share
  }
}
