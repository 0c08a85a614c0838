import type { Node, Pod } from '../api/generated/core-v1.ts'
import type { ClusterEvent, FilterPlugin, Profile } from '../placement/framework.ts'
import { gangOf } from '../placement/gang.ts'
import { podRequests } from '../placement/pod-requests.ts'
import type { Hints } from './queue.ts'

/** What Kubernetes calls queueing hints: of each plugin, which changes can help a pod that it turned away. */
export function createHints(profiles: Iterable<Profile>): Hints {
  const plugins = new Map<string, FilterPlugin>()
  for (const { filters } of profiles) for (const plugin of filters) plugins.set(plugin.name, plugin)
  return (pod, rejectedBy, event, about) => {
    if (rejectedBy.size === 0) return true
    for (const name of rejectedBy) {
      if (name === 'Gang') {
        if (event === 'group' && gangOf(about as Pod)?.key === gangOf(pod)?.key) return true
        continue
      }
      const plugin = plugins.get(name)
      if (plugin === undefined) return true
      if (plugin.wakesOn.includes(event) && (plugin.helps?.(pod, event, about) ?? true)) return true
    }
    return false
  }
}

/** What changed on a node that can make room for somebody: heartbeats cannot. */
export function nodeChanges(node: Node, previous: Node): readonly ClusterEvent[] {
  const changes: ClusterEvent[] = []
  const differ = (a: unknown, b: unknown) => a !== b && JSON.stringify(a) !== JSON.stringify(b)
  if (differ(node.status?.allocatable, previous.status?.allocatable)) changes.push('node-allocatable')
  if (differ(node.metadata.labels, previous.metadata.labels)) changes.push('node-labels')
  if (differ(node.spec?.taints, previous.spec?.taints)) changes.push('node-taints')
  if (node.spec?.unschedulable !== previous.spec?.unschedulable) changes.push('node-unschedulable')
  return changes
}

/** What changed on a pod that has a node, for others that wait. */
export function podChanges(pod: Pod, previous: Pod): readonly ClusterEvent[] {
  const changes: ClusterEvent[] = []
  if (previous.metadata.labels !== pod.metadata.labels) changes.push('pod-labels')
  const isGoing = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined
  if (isGoing(pod) && !isGoing(previous)) changes.push('pod-labels')
  if (previous.spec?.nodeName === pod.spec?.nodeName && asksForLess(pod, previous)) changes.push('pod-resized')
  return changes
}

/** A resize in place that gives something back: what its status says is a part of it. */
function asksForLess(pod: Pod, previous: Pod): boolean {
  const [now, before] = [podRequests(pod).exact, podRequests(previous).exact]
  return now !== before && Object.entries(before).some(([resource, amount]) => (now[resource] ?? 0) < amount)
}
