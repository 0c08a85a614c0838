import type { Binding, Pod, PodCondition } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import { keyOf } from '../api/object.ts'
import type { Client } from '../client/client.ts'
import { formatTime } from '../env/clock.ts'
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

/** Writes the PodScheduled condition of a pod that has no node, unless it says so already. */
export async function reportUnscheduled(
  env: Environment,
  client: Client,
  pod: Pod,
  reason: 'Unschedulable' | 'SchedulingGated' | 'SchedulerError',
  message: string,
): Promise<void> {
  const known = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  if (known?.status === 'False' && known.reason === reason && known.message === message) return
  const condition: PodCondition = {
    type: 'PodScheduled',
    status: 'False',
    lastTransitionTime: known?.lastTransitionTime ?? formatTime(env.clock.now()),
    reason,
    message,
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
  }
  const patch = { status: { conditions: [condition] } }
  await client.patch(pods, keyOf(pod), { type: 'strategic', patch }, { subresource: 'status' })
}
