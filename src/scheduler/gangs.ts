import type { Pod } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import { setCondition } from '../api/meta/pod-condition.ts'
import { hasReason } from '../api/meta/status.ts'
import { keyOf, keyString } from '../api/object.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { formatTime } from '../env/clock.ts'
import type { Timer } from '../env/clock.ts'
import { gangOf } from '../placement/gang.ts'
import type { Gang } from '../placement/gang.ts'

/** Who belongs together: of each gang the pods that wait, and those that have a node or had one. */
export interface Gangs {
  waits(pod: Pod): void
  isPlaced(pod: Pod): void
  forget(pod: Pod): void
  waiting(gang: Gang): ReadonlySet<string>
  placed(gang: Gang): ReadonlyMap<string, Pod>
  /** Calls `onPassed` when the gang's deadline has passed, unless it is complete by then. One deadline at a time. */
  startDeadline(gang: Gang, onPassed: () => void): void
  /** All of the gang are on nodes: what happens to them from now on is not the deadline's business. */
  complete(gang: Gang): void
  close(): void
}

interface Members {
  readonly waiting: Set<string>
  readonly placed: Map<string, Pod>
  deadline: Timer | undefined
}

export function createGangs(after: (delayMs: number, action: () => void) => Timer): Gangs {
  const gangs = new Map<string, Members>()
  const of = (gang: Gang): Members => {
    const known = gangs.get(gang.key) ?? { waiting: new Set(), placed: new Map(), deadline: undefined }
    gangs.set(gang.key, known)
    return known
  }
  const change = (pod: Pod, apply: (members: Members, key: string) => void) => {
    const gang = gangOf(pod)
    if (gang === undefined) return
    const members = of(gang)
    apply(members, keyString(keyOf(pod)))
    if (members.waiting.size + members.placed.size > 0) return
    members.deadline?.cancel()
    gangs.delete(gang.key)
  }
  return {
    waits: (pod) => change(pod, ({ waiting }, key) => waiting.add(key)),
    isPlaced: (pod) =>
      change(pod, ({ waiting, placed }, key) => {
        waiting.delete(key)
        placed.set(key, pod)
      }),
    forget: (pod) =>
      change(pod, ({ waiting, placed }, key) => {
        waiting.delete(key)
        placed.delete(key)
      }),
    waiting: (gang) => of(gang).waiting,
    placed: (gang) => of(gang).placed,
    startDeadline(gang, onPassed) {
      const members = of(gang)
      members.deadline ??= after(gang.deadlineMs, () => {
        members.deadline = undefined
        if (members.placed.size > 0 && members.placed.size < gang.size) onPassed()
      })
    },
    complete(gang) {
      const members = of(gang)
      members.deadline?.cancel()
      members.deadline = undefined
    },
    close() {
      for (const { deadline } of gangs.values()) deadline?.cancel()
      gangs.clear()
    },
  }
}

/** Takes the bound members of a gang that did not come together off their nodes again, so that others can use the room. */
export async function disband(
  { env, client, gangs }: { readonly env: Environment; readonly client: Client; readonly gangs: Gangs },
  gang: Gang,
): Promise<void> {
  for (const pod of gangs.placed(gang).values()) {
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'GangDeadline',
      message: `gang "${gang.name}" has ${gangs.placed(gang).size} of ${gang.size} pods on nodes and its deadline has passed`,
      lastTransitionTime: formatTime(env.clock.now()),
    }
    const { uid } = pod.metadata
    const patch = { metadata: { uid }, status: setCondition(pod, condition) }
    try {
      await client.patch(pods, keyOf(pod), { type: 'strategic', patch }, { subresource: 'status' })
      await client.delete(pods, keyOf(pod), uid === undefined ? {} : { preconditions: { uid } })
    } catch (error) {
      if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) continue
      env.log.warn('a pod of a gang could not be taken off its node', { gang: gang.key, error })
    }
  }
}
