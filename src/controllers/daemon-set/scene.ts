import type { DaemonSet } from '../../api/generated/apps-v1.ts'
import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { amountOf } from '../amount-of.ts'
import { untilAvailableMs } from '../availability.ts'
import { isTerminal } from '../pod-phase.ts'
import { REVISION_LABEL } from '../revision/history.ts'
import { GENERATION_ANNOTATION, GENERATION_LABEL, targetNode } from './daemon-pod.ts'
import type { Eligibility } from './eligible.ts'
import { eligibilityOf } from './eligible.ts'

/** A DaemonSet against the nodes that there are. */
export interface Scene {
  readonly set: DaemonSet
  /** The hash of the revision that its template is now. */
  readonly hash: string
  readonly places: readonly Place[]
  /** Pods that are bound nowhere, and meant for a node that is gone. */
  readonly lost: readonly Pod[]
  readonly surge: number
  readonly unavailable: number
  readonly nowMs: number
}

/** A node and the daemon's pods there, oldest first. */
export interface Place {
  readonly nodeName: string
  readonly eligibility: Eligibility
  readonly pods: readonly Pod[]
}

export function sceneOf(
  set: DaemonSet,
  hash: string,
  nodes: readonly Node[],
  pods: readonly Pod[],
  nowMs: number,
): Scene {
  const present = pods.filter((pod) => !isTerminal(pod) || pod.metadata.deletionTimestamp === undefined)
  const byNode = Map.groupBy(present.toSorted(byAge), (pod) => targetNode(pod) ?? '')
  const eligibility = eligibilityOf(set)
  const places = nodes.map((node): Place => {
    const nodeName = node.metadata.name!
    return { nodeName, eligibility: eligibility(node), pods: byNode.get(nodeName) ?? [] }
  })
  const known = new Set(nodes.map(({ metadata }) => metadata.name!))
  const isLost = (pod: Pod) => (pod.spec?.nodeName ?? '') === '' && !known.has(targetNode(pod) ?? '') && isStaying(pod)
  const wanted = places.filter((place) => place.eligibility === 'run').length
  return { set, hash, places, lost: present.filter(isLost), ...limitsOf(set, wanted), nowMs }
}

export function isStaying({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined
}

/** By its revision, or as of old by the generation of its template: a set made anew takes over pods of another revision so. */
export function isUpdated({ set, hash }: Scene, pod: Pod): boolean {
  const { labels = {} } = pod.metadata
  const generation = set.metadata.annotations?.[GENERATION_ANNOTATION]
  return labels[REVISION_LABEL] === hash || (generation !== undefined && labels[GENERATION_LABEL] === generation)
}

export function isAvailable({ set, nowMs }: Scene, pod: Pod): boolean {
  return untilAvailableMs(pod, set.spec?.minReadySeconds ?? 0, nowMs) === 0
}

/** How many nodes may have a second pod, and how many may have none that works, while a template is rolled out. */
function limitsOf(set: DaemonSet, wanted: number): { surge: number; unavailable: number } {
  const { maxSurge = 0, maxUnavailable = 1 } = set.spec?.updateStrategy?.rollingUpdate ?? {}
  const surge = amountOf(maxSurge, wanted, Math.ceil)
  const unavailable = amountOf(maxUnavailable, wanted, Math.ceil)
  // Both zero would never move: Kubernetes then allows one to be missing.
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

function byAge(a: Pod, b: Pod): number {
  return (
    (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
    (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '')
  )
}
