import type { Diagnosis } from '../placement/decide.ts'
import type { Profile } from '../placement/framework.ts'
import type { Gang } from '../placement/gang.ts'
import { unschedulableMessage } from '../placement/unschedulable-message.ts'
import { assume, bindAssumed, place, rejectedBy, tellUnschedulable } from './attempt.ts'
import { disband } from './gangs.ts'
import type { Placing } from './placing.ts'
import type { QueuedPod } from './queue.ts'
import type { VolumeWork } from './volume-work.ts'

/** The name under which a gang turns its pods away; only another member helps against it. */
const NOT_COMPLETE: ReadonlySet<string> = new Set(['Gang'])

interface Member {
  readonly queued: QueuedPod
  readonly nodeName: string
  readonly volumes: VolumeWork | undefined
}

/**
 * Places as many pods of a gang as it still needs, in one turn: either all of them are assumed on nodes and their bindings
 * set off, or none is. A binding may fail all the same; then the pod is tried again, and at the gang's deadline those that
 * are bound are taken off their nodes.
 */
export function attemptGang(placing: Placing, first: QueuedPod, profile: Profile, gang: Gang): void {
  const { queue, gangs } = placing
  const placed = gangs.placed(gang).size
  const missing = gang.size - placed
  if (placed > 0) gangs.startDeadline(gang, () => void disband(placing, gang))
  const members = [first, ...takeOthers(placing, first, gang, missing - 1)]
  if (members.length < missing) {
    const message = `gang "${gang.name}" waits for ${missing - members.length} more of its ${gang.size} pods`
    for (const queued of members) {
      queue.unschedulable(queued, NOT_COMPLETE)
      tellUnschedulable(placing, queued.pod, message)
    }
    return
  }
  const found = placeAll(placing, members, profile)
  if (!Array.isArray(found)) return turnAllAway(placing, members, gang, found)
  gangs.startDeadline(gang, () => void disband(placing, gang))
  void bindAll(placing, gang, found)
}

async function bindAll(placing: Placing, gang: Gang, members: readonly Member[]): Promise<void> {
  const { gangs } = placing
  const outcomes = members.map(async ({ queued, nodeName, volumes }) => {
    gangs.isPlaced(queued.pod)
    const isBound = await bindAssumed(placing, queued, nodeName, volumes)
    if (!isBound && gangs.placed(gang).has(queued.key)) {
      gangs.forget(queued.pod)
      gangs.waits(queued.pod)
    }
    return isBound
  })
  if ((await Promise.all(outcomes)).every((isBound) => isBound)) gangs.complete(gang)
}

function takeOthers({ queue, gangs }: Placing, first: QueuedPod, gang: Gang, most: number): readonly QueuedPod[] {
  const others: QueuedPod[] = []
  for (const key of gangs.waiting(gang)) {
    if (others.length >= most) break
    const other = key === first.key ? undefined : queue.take(key)
    if (other !== undefined) others.push(other)
  }
  return others
}

interface Failure {
  readonly fit: number
  readonly diagnosis: Diagnosis
}

function placeAll(placing: Placing, members: readonly QueuedPod[], profile: Profile): Member[] | Failure {
  const done: Member[] = []
  for (const queued of members) {
    const placement = place(placing, queued.pod, profile)
    if (!placement.placed) {
      for (const { queued: other, volumes } of done.toReversed()) {
        volumes?.undo()
        placing.places.forget(other.key)
      }
      return { fit: done.length, diagnosis: placement.diagnosis }
    }
    const volumes = assume(placing, queued.pod, placement.nodeName)
    done.push({ queued, nodeName: placement.nodeName, volumes })
  }
  return done
}

function turnAllAway(placing: Placing, members: readonly QueuedPod[], gang: Gang, { fit, diagnosis }: Failure): void {
  const why = unschedulableMessage(diagnosis, undefined)
  const message = `gang "${gang.name}": ${fit} of ${members.length} pods fit, all have to; ${why}`
  for (const queued of members) {
    placing.queue.unschedulable(queued, rejectedBy(diagnosis))
    tellUnschedulable(placing, queued.pod, message)
  }
}
