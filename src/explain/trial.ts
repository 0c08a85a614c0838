import type { Node, Pod } from '../api/generated/core-v1.ts'
import type { Random } from '../env/random.ts'
import type { ClusterView } from '../placement/cluster-view.ts'
import { decide } from '../placement/decide.ts'
import type { Placement } from '../placement/decide.ts'
import type { Cycle, Profile } from '../placement/framework.ts'
import { podRequests } from '../placement/pod-requests.ts'
import { createProfiles, DEFAULT_PROFILE } from '../placement/profiles.ts'

/** A snapshot to try things on. Nothing tried changes the cluster; what a trial changes of the view it changes back. */
export interface Snapshot {
  readonly view: ClusterView
  readonly random: Random
}

export function cycleOn({ view, random }: Snapshot, pod: Pod): Cycle {
  return { pod, requests: podRequests(pod), table: view.table, view, random }
}

/** Where the scheduler would put the pod. A scheduler that is not known here is taken for Kubernetes' own. */
export function tryPlacing(snapshot: Snapshot, pod: Pod): Placement {
  return decide(cycleOn(snapshot, withoutNomination(pod)), profileOf(pod)).placement
}

/** Every node that fits counts, not only a sample. */
export function profileOf(pod: Pod): Profile {
  const profiles = createProfiles()
  const profile = profiles.get(pod.spec?.schedulerName ?? DEFAULT_PROFILE) ?? profiles.get(DEFAULT_PROFILE)
  if (profile === undefined) throw new Error('Assertion: 0 profiles under the default name, expected 1')
  return { ...profile, everyNode: true }
}

function withoutNomination(pod: Pod): Pod {
  if (pod.status?.nominatedNodeName === undefined) return pod
  const { nominatedNodeName: _, ...status } = pod.status
  return { ...pod, status }
}

/** What placing gives with a node changed, or one more of them; the view is as before afterwards. */
export function tryWithNode(snapshot: Snapshot, pod: Pod, node: Node): Placement {
  const { table } = snapshot.view
  const name = node.metadata.name ?? ''
  const before = table.node(table.slotOf(name) ?? -1)
  table.putNode(node)
  try {
    return tryPlacing(snapshot, pod)
  } finally {
    if (before === undefined) table.removeNode(name)
    else table.putNode(before)
  }
}
