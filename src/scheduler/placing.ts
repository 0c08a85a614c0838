import type { Pod } from '../api/generated/core-v1.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import type { ClusterView } from '../placement/cluster-view.ts'
import type { FairShares } from '../placement/fair-share.ts'
import type { Cycle, Profile } from '../placement/framework.ts'
import { podRequests } from '../placement/pod-requests.ts'
import type { PodPlaces } from './assumed-pods.ts'
import type { Gangs } from './gangs.ts'
import type { SchedulingQueue } from './queue.ts'
import type { SchedulingEvents } from './scheduling-events.ts'
import type { VolumeWaiters } from './volume-waiters.ts'

/** What the parts of the scheduler share. The view belongs to {@link observe}; places count pods in it. */
export interface Placing {
  readonly env: Environment
  readonly client: Client
  readonly view: ClusterView
  readonly queue: SchedulingQueue
  readonly places: PodPlaces
  readonly events: SchedulingEvents
  readonly volumes: VolumeWaiters
  readonly gangs: Gangs
  readonly shares: FairShares
  /** Pods whose victims are being told to leave. */
  readonly preempting: Set<string>
  /** By pod: the victims that it waits for to be gone, by key. */
  readonly awaited: Map<string, readonly string[]>
  /** The slot to look at first next time. */
  readonly next: { slot: number }
  profileOf(pod: Pod): Profile | undefined
}

export function cycleFor({ env, view }: Placing, pod: Pod): Cycle {
  return { pod, requests: podRequests(pod), table: view.table, view, random: env.random }
}
