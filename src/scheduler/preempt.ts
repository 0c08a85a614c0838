import type { Pod } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import { setCondition } from '../api/meta/pod-condition.ts'
import { hasReason } from '../api/meta/status.ts'
import { keyOf, keyString } from '../api/object.ts'
import { formatTime } from '../env/clock.ts'
import type { Client } from '../client/client.ts'
import type { Placement } from '../placement/decide.ts'
import { priorityOf } from '../placement/pod-info.ts'
import { findPreemption } from '../placement/preemption.ts'
import type { Preemption } from '../placement/preemption.ts'
import { DEFAULT_PROFILE } from '../placement/profiles.ts'
import { cycleFor } from './placing.ts'
import type { Placing } from './placing.ts'

/** What a pod that nothing would do for is told about preemption. */
export interface PreemptionOutcome {
  /** Undefined where a node is being cleared for it. */
  readonly message: string | undefined
  readonly nominatedNodeName?: string
}

/** Looks for a node to clear for `pod`, promises it, and sets off what clears it. */
export function preempt(placing: Placing, pod: Pod, placement: Placement & { placed: false }): PreemptionOutcome {
  const { view } = placing
  const key = keyString(keyOf(pod))
  // Whoever asks for more victims before the first are gone takes more than it needs.
  if (placing.awaited.get(key)?.some((victim) => placing.places.has(victim)) === true)
    return { message: 'not eligible due to a terminating pod on the nominated node.' }
  const byPriority = findPreemption(cycleFor(placing, pod), placement.filters, placement.diagnosis)
  const found = byPriority.found ? byPriority : (takeBack(placing, pod, placement) ?? byPriority)
  if (found.found) {
    view.nominations.put(pod, found.nodeName)
    placing.shares.exchange(pod, found.victims)
    placing.awaited.set(
      key,
      found.victims.map((victim) => keyString(keyOf(victim))),
    )
    void clearNode(placing, pod, found)
    return { message: undefined, nominatedNodeName: found.nodeName }
  }
  if (found.keepsNomination) return { message: found.message }
  withdrawNomination(placing, pod)
  placing.awaited.delete(key)
  placing.shares.withdraw(pod)
  return { message: found.message, nominatedNodeName: '' }
}

/** The room that a pod was promised is there for others. */
export function withdrawNomination({ view, queue }: Placing, pod: Pod): void {
  const key = keyString(keyOf(pod))
  if (view.nominations.nodeOf(key) === undefined) return
  view.nominations.remove(key)
  queue.wake('pod-gone', pod)
}

/** What other namespaces have borrowed goes back to one that has less than its share. */
function takeBack(placing: Placing, pod: Pod, { filters, diagnosis }: Placement & { placed: false }) {
  const { shares } = placing
  if (shares.queueOf(pod) === undefined || pod.spec?.preemptionPolicy === 'Never') return undefined
  const mayTake = (info: { readonly pod: Pod; readonly priority: number }) =>
    info.priority <= priorityOf(pod) &&
    info.pod.metadata.deletionTimestamp === undefined &&
    shares.mayTakeBack(pod, [info.pod])
  const found = findPreemption(cycleFor(placing, pod), filters, diagnosis, mayTake)
  return found.found && shares.mayTakeBack(pod, found.victims) ? found : undefined
}

/** Tells the victims to leave, in the background. Until all are told, the pod is not tried again: it would choose others. */
async function clearNode(
  placing: Placing,
  pod: Pod,
  { victims, nodeName }: Preemption & { found: true },
): Promise<void> {
  const { env, queue, places, preempting } = placing
  const key = keyString(keyOf(pod))
  preempting.add(key)
  let failed = false
  try {
    releaseLesser(placing, pod, nodeName)
    await Promise.all(victims.map((victim) => removeVictim(placing, pod, victim, nodeName)))
  } catch (error) {
    failed = true
    // Whoever was not told will not go: the pod chooses anew.
    placing.awaited.delete(key)
    env.log.warn('a victim could not be preempted', { key, nodeName, error })
  }
  preempting.delete(key)
  // A victim that went at once went unnoticed by a pod that was not to be tried.
  const isSomeGone = victims.some((victim) => !places.has(keyString(keyOf(victim))))
  if (failed || isSomeGone) queue.wakeOne(key)
}

/** Pods of lower priority that were promised the same node look for another. */
function releaseLesser({ env, client, view, queue, awaited }: Placing, pod: Pod, nodeName: string): void {
  for (const other of view.nominations.on(nodeName)) {
    if (priorityOf(other) >= priorityOf(pod)) continue
    const key = keyString(keyOf(other))
    view.nominations.remove(key)
    // Whom it waited for goes for somebody else now.
    awaited.delete(key)
    const patch = { status: { nominatedNodeName: null } }
    client
      .patch(pods, keyOf(other), { type: 'strategic', patch }, { subresource: 'status' })
      .catch((error: unknown) => env.log.debug('a nomination could not be taken back', { key, error }))
      // Tried before that, it would go by what its status says.
      .finally(() => queue.wakeOne(key))
  }
}

async function hasLeft(client: Client, victim: Pod): Promise<boolean> {
  try {
    return (await client.get(pods, keyOf(victim))).metadata.uid !== victim.metadata.uid
  } catch (error) {
    return hasReason(error, 'NotFound')
  }
}

async function removeVictim({ env, client, events }: Placing, pod: Pod, victim: Pod, nodeName: string): Promise<void> {
  const { uid, generation } = victim.metadata
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${pod.spec?.schedulerName ?? DEFAULT_PROFILE}: preempting to accommodate a higher priority pod`,
    lastTransitionTime: formatTime(env.clock.now()),
    ...(generation !== undefined && { observedGeneration: generation }),
  }
  const patch = { metadata: { uid }, status: setCondition(victim, condition) }
  try {
    await client.patch(pods, keyOf(victim), { type: 'strategic', patch }, { subresource: 'status' })
    await client.delete(pods, keyOf(victim), uid === undefined ? {} : { preconditions: { uid } })
  } catch (error) {
    // A conflict may say that another pod of that name has come, or only that somebody else was writing.
    if (hasReason(error, 'NotFound') || (hasReason(error, 'Conflict') && (await hasLeft(client, victim)))) return
    throw error
  }
  events.preempted(victim, pod, nodeName)
}
