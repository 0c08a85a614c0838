import type { Pod } from '../api/generated/core-v1.ts'
import { hasReason } from '../api/meta/status.ts'
import { keyOf, keyString } from '../api/object.ts'
import { decide } from '../placement/decide.ts'
import type { Diagnosis, Placement } from '../placement/decide.ts'
import type { Profile } from '../placement/framework.ts'
import { unschedulableMessage } from '../placement/unschedulable-message.ts'
import { bind, reportUnscheduled, wasBound } from './binding.ts'
import { cycleFor } from './placing.ts'
import type { Placing } from './placing.ts'
import { preempt } from './preempt.ts'
import type { QueuedPod } from './queue.ts'
import { assumeVolumes } from './volume-work.ts'
import type { VolumeWork } from './volume-work.ts'

/** Decides for one pod and sets off what follows: the binding, or the report why not and whom it asks to leave. */
export function attempt(placing: Placing, queued: QueuedPod, profile: Profile): void {
  const { queue, preempting } = placing
  // Its victims are not all told yet; whoever tells them wakes it.
  if (preempting.has(queued.key)) return queue.giveBack(queued)
  const placement = place(placing, queued.pod, profile)
  if (placement.placed) {
    void bindAssumed(placing, queued, placement.nodeName, assume(placing, queued.pod, placement.nodeName))
    return
  }
  turnAway(placing, queued, profile, placement)
}

/** Decides for a pod; the next one is looked for on other nodes first. */
export function place(placing: Placing, pod: Pod, profile: Profile): Placement {
  const { view, next } = placing
  const { placement, examined } = decide(cycleFor(placing, pod), profile, next.slot)
  next.slot = view.table.size === 0 ? 0 : (next.slot + examined) % view.table.size
  return placement
}

/** Counts the pod, and what it takes of volumes, before the API knows. */
export function assume({ view, places }: Placing, pod: Pod, nodeName: string): VolumeWork | undefined {
  places.assume(pod, nodeName)
  // Counted there and promised a node as well, it would take the room of two.
  view.nominations.remove(keyString(keyOf(pod)))
  return assumeVolumes(view, pod, nodeName)
}

/** The names of the plugins that had a say: what can help against them is worth another attempt. */
export function rejectedBy({ general, rejections, others }: Diagnosis): ReadonlySet<string> {
  const names = new Set<string>()
  if (general !== undefined) names.add(general.plugin)
  if (others !== undefined) names.add(others.plugin)
  for (const { plugin } of rejections) names.add(plugin)
  return names
}

function turnAway(
  placing: Placing,
  queued: QueuedPod,
  profile: Profile,
  placement: Placement & { placed: false },
): void {
  const { queue } = placing
  const { diagnosis } = placement
  queue.unschedulable(queued, rejectedBy(diagnosis))
  const outcome =
    profile.preempts && diagnosis.nodes > 0 ? preempt(placing, queued.pod, placement) : { message: undefined }
  tellUnschedulable(placing, queued.pod, unschedulableMessage(diagnosis, outcome.message), outcome.nominatedNodeName)
}

/** Says in an event and in the pod's condition why it has no node. */
export function tellUnschedulable(
  { env, client, events }: Placing,
  pod: Pod,
  message: string,
  nominatedNodeName?: string,
): void {
  events.failed(pod, message)
  const facts = {
    reason: 'Unschedulable',
    message,
    ...(nominatedNodeName !== undefined && { nominatedNodeName }),
  } as const
  reportUnscheduled(env, client, pod, facts).catch((error: unknown) =>
    env.log.debug('an unschedulable pod could not be told', { pod: pod.metadata.name, error }),
  )
}

/** Writes what was assumed. Resolves to whether the pod is bound; where not, it is back in the queue, or gone. */
export async function bindAssumed(
  placing: Placing,
  queued: QueuedPod,
  nodeName: string,
  volumes: VolumeWork | undefined,
): Promise<boolean> {
  const { env, client, queue, places, events } = placing
  const { key, pod } = queued
  try {
    if (volumes !== undefined) await volumes.perform(placing)
    await bind(client, pod, nodeName)
    places.bound(key)
    events.scheduled(pod, nodeName)
    return true
  } catch (error) {
    const isBound = await wasBound(env, client, pod, error, () => places.isAssumed(key))
    if (isBound === undefined) return false
    if (isBound) {
      places.bound(key)
      return true
    }
    volumes?.undo()
    places.forget(key)
    queue.wake('pod-gone', pod)
    // The pod is gone, or somebody else has placed it: the watch tells what became of it.
    if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return false
    env.log.warn('a pod could not be bound', { key, nodeName, error })
    queue.retry(queued)
    return false
  }
}
