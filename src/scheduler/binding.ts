import type { Binding, Pod, PodCondition } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import { setCondition } from '../api/meta/pod-condition.ts'
import { ApiError, hasReason } from '../api/meta/status.ts'
import { keyOf } from '../api/object.ts'
import type { Client } from '../client/client.ts'
import { formatTime, sleep } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'

/** Writes the pod's binding to a node through the API. Rejects with an ApiError where the pod is gone or bound already. */
export async function bind(client: Client, pod: Pod, nodeName: string): Promise<void> {
  const { name, namespace, uid } = pod.metadata
  const body: Binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { ...(name && { name }), ...(namespace && { namespace }), ...(uid && { uid }) },
    target: { kind: 'Node', name: nodeName },
  }
  await client.createSubresource(pods, keyOf(pod), 'binding', body)
}

/** How long to wait before asking again what became of a binding, in milliseconds. */
const ASK_AGAIN_MS = 1_000

/**
 * Whether a binding that failed was written all the same, as one whose answer was lost may have been. Undefined where it
 * cannot be told any more, or `isAwaited` says that nobody waits for it. Until then the pod must count on its node: its
 * room promised to somebody else would be promised twice.
 */
export async function wasBound(
  env: Environment,
  client: Client,
  pod: Pod,
  error: unknown,
  isAwaited: () => boolean,
): Promise<boolean | undefined> {
  if (isRefusal(error)) return false
  while (isAwaited()) {
    try {
      const live = await client.get(pods, keyOf(pod))
      return live.metadata.uid === pod.metadata.uid && (live.spec?.nodeName ?? '') !== ''
    } catch (failure) {
      if (hasReason(failure, 'NotFound')) return false
      await sleep(env.timers, ASK_AGAIN_MS)
    }
  }
  return undefined
}

/** An answer that says no; a server that failed (5xx) and a connection that broke may have done what was asked. */
const isRefusal = (error: unknown) => error instanceof ApiError && error.code < 500

/** What is told of a pod that has no node. */
export interface Unscheduled {
  readonly reason: 'Unschedulable' | 'SchedulingGated' | 'SchedulerError'
  readonly message: string
  /** The node that is being cleared for it; empty takes back what was said before; absent leaves that as it is. */
  readonly nominatedNodeName?: string
}

/** Writes the PodScheduled condition of a pod that has no node, unless it says so already. */
export async function reportUnscheduled(
  env: Environment,
  client: Client,
  pod: Pod,
  { reason, message, nominatedNodeName }: Unscheduled,
): Promise<void> {
  const known = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  const isNominated = nominatedNodeName === undefined || nominatedNodeName === (pod.status?.nominatedNodeName ?? '')
  if (isNominated && known?.status === 'False' && known.reason === reason && known.message === message) return
  const condition: PodCondition = {
    type: 'PodScheduled',
    status: 'False',
    lastTransitionTime: known?.lastTransitionTime ?? formatTime(env.clock.now()),
    reason,
    message,
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
  }
  const nomination = isNominated ? {} : { nominatedNodeName: nominatedNodeName === '' ? null : nominatedNodeName }
  const patch = { status: { ...setCondition(pod, condition), ...nomination } }
  await client.patch(pods, keyOf(pod), { type: 'strategic', patch }, { subresource: 'status' })
}
