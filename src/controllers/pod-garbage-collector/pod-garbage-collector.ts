import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { nodes, pods } from '../../api/generated/resources.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import { isTerminal } from '../pod-phase.ts'
import { decidePodGc, isOutOfService, POD_GC_DEFAULTS } from './core.ts'

export interface PodGcOptions {
  /** Ended pods that the cluster keeps; 0 keeps all. Default 12500. */
  readonly terminatedThreshold?: number
}

/** There is one key: all pods and nodes are looked at together. */
const KEY = 'all'

/** Removes pods that no one else will: those of nodes that are gone, those never bound, and the oldest of too many. */
export function podGarbageCollector(options: PodGcOptions = {}): Controller {
  const terminatedThreshold = options.terminatedThreshold ?? POD_GC_DEFAULTS.terminatedThreshold
  return {
    name: 'pod-garbage-collector',
    build(context) {
      const podInformer = context.informer(pods)
      const nodeInformer = context.informer(nodes)
      const missingSinceMs = new Map<string, number>()
      const nodeOf = (name: string) => nodeInformer.get({ name })
      const isOurs = (pod: Pod) =>
        concerns(pod, nodeOf, terminatedThreshold > 0 && podInformer.size > terminatedThreshold)
      return {
        sources: [
          changesOf(podInformer, (pod) => (isOurs(pod) ? [KEY] : [])),
          changesOf(
            nodeInformer,
            () => [KEY],
            (node, previous) =>
              node.spec?.taints !== previous.spec?.taints || isOutOfService(node) !== isOutOfService(previous),
          ),
        ],
        reconcile(_key, nowMs) {
          const all = podInformer.list()
          const byName = new Map(nodeInformer.list().map((node) => [node.metadata.name!, node]))
          noteMissing(missingSinceMs, all, byName, nowMs)
          const decision = decidePodGc({ pods: all, nodes: byName, missingSinceMs, terminatedThreshold }, nowMs)
          // Only a node that is missing makes time matter.
          return missingSinceMs.size === 0 ? decision : { ...decision, requeueAfterMs: POD_GC_DEFAULTS.periodMs }
        },
      }
    },
  }
}

/** Most changes of pods are none of the collector's business: it looks at all of them for each that is. */
function concerns(pod: Pod, nodeOf: (name: string) => Node | undefined, isCrowded: boolean): boolean {
  const nodeName = pod.spec?.nodeName ?? ''
  const isDeleted = pod.metadata.deletionTimestamp !== undefined
  if (nodeName === '') return isDeleted
  const node = nodeOf(nodeName)
  return node === undefined || (isDeleted ? isOutOfService(node) : isCrowded && isTerminal(pod))
}

function noteMissing(
  missingSinceMs: Map<string, number>,
  all: readonly Pod[],
  nodes: ReadonlyMap<string, Node>,
  nowMs: number,
): void {
  const missing = new Set(all.map((pod) => pod.spec?.nodeName).filter((name) => name !== undefined && !nodes.has(name)))
  for (const name of missingSinceMs.keys()) {
    if (!missing.has(name)) missingSinceMs.delete(name)
  }
  for (const name of missing) {
    if (name !== undefined && !missingSinceMs.has(name)) missingSinceMs.set(name, nowMs)
  }
}
