import type { Pod } from '../api/generated/core-v1.ts'
import type { Event } from '../api/generated/events-v1.ts'
import { eventsV1 } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { formatMicroTime } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import { eventLaneOf } from '../reconcile/event-lane.ts'

/** Events that wait to be written; more are dropped, since placing pods matters more than telling of it. */
const BACKLOG = 10_000

/** Tells in events of what was decided for pods; never waits and never fails. */
export interface SchedulingEvents {
  scheduled(pod: Pod, nodeName: string): void
  failed(pod: Pod, message: string): void
  preempted(victim: Pod, preemptor: Pod, nodeName: string): void
}

export function createSchedulingEvents(env: Environment, client: Client): SchedulingEvents {
  const lane = eventLaneOf(env)
  let writing = 0
  let serial = Math.floor(env.clock.now()) * 1e3

  const write = (pod: Pod, type: 'Normal' | 'Warning', reason: string, action: string, note: string, related?: Pod) => {
    if (writing >= BACKLOG) return
    writing += 1
    const { name = '', namespace = '', uid = '', resourceVersion = '' } = pod.metadata
    const reporter = (related ?? pod).spec?.schedulerName ?? 'default-scheduler'
    const event: Event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `${name}.${(serial++).toString(16)}`, namespace },
      eventTime: formatMicroTime(env.clock.now()),
      type,
      reason,
      action,
      note,
      reportingController: reporter,
      reportingInstance: `${reporter}-shoal`,
      regarding: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid, resourceVersion },
      ...(related && { related: referenceTo(related) }),
    }
    const create = () => client.create(eventsV1, event).then(() => {})
    lane.run(create).then(
      () => void (writing -= 1),
      (error: unknown) => {
        writing -= 1
        env.log.debug('an event could not be written', { reason, error })
      },
    )
  }

  return {
    scheduled: (pod, nodeName) => {
      const { namespace, name } = pod.metadata
      write(pod, 'Normal', 'Scheduled', 'Binding', `Successfully assigned ${namespace}/${name} to ${nodeName}`)
    },
    failed: (pod, message) => write(pod, 'Warning', 'FailedScheduling', 'Scheduling', message),
    preempted(victim, preemptor, nodeName) {
      const note = `Preempted by pod ${preemptor.metadata.uid} on node ${nodeName}`
      write(victim, 'Normal', 'Preempted', 'Preempting', note, preemptor)
    },
  }
}

function referenceTo({ metadata: { name = '', namespace = '', uid = '', resourceVersion = '' } }: Pod) {
  return { apiVersion: 'v1', kind: 'Pod', name, namespace, uid, resourceVersion }
}
