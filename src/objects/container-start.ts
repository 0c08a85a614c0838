import type { ContainerStatus, Pod } from '../api/generated/core-v1.ts'
import type { Wanted } from './follow.ts'
import { ObjectsError } from './objects-error.ts'

/** Reasons for waiting that go away by themselves; with any other the container cannot start as it is. */
const PASSING = new Set(['ContainerCreating', 'PodInitializing', undefined])

/** Until the named containers have started, be it that some have ended since; throws where one cannot start. */
export function started(pod: string, names: readonly string[]): Wanted<Pod, Pod> {
  const statusesOf = (object: Pod | undefined) =>
    (object?.status?.containerStatuses ?? []).filter((status) => names.includes(status.name))
  return {
    judge(object) {
      if (object === undefined || object.metadata.deletionTimestamp !== undefined) return undefined
      const statuses = statusesOf(object)
      for (const status of statuses) refuseBroken(pod, status)
      return statuses.length === names.length && statuses.every(hasStarted) ? object : undefined
    },
    state(object) {
      if (object === undefined) return 'it is not there'
      const scheduled = object.status?.conditions?.find(({ type }) => type === 'PodScheduled')
      if (scheduled?.status === 'False') return `it is not scheduled (${scheduled.message ?? scheduled.reason ?? ''})`
      const waiting = statusesOf(object).filter((status) => !hasStarted(status))
      return waiting.map(({ name, state }) => `"${name}" waits (${state?.waiting?.reason ?? 'unknown'})`).join(', ')
    },
    expected: `${names.map((name) => `"${name}"`).join(', ')} to have started`,
  }
}

function hasStarted({ state, lastState }: ContainerStatus): boolean {
  return (state?.running ?? state?.terminated ?? lastState?.terminated) !== undefined
}

function refuseBroken(pod: string, status: ContainerStatus): void {
  const waiting = status.state?.waiting
  if (waiting === undefined || PASSING.has(waiting.reason) || hasStarted(status)) return
  const current = `${waiting.reason}: ${waiting.message ?? 'no message'}`
  const message = `Cannot start container "${status.name}" of pod "${pod}": ${current}, expected it to start`
  const hint = `shoal explain pod/${pod} says more; an image that this cluster's nodes can run helps most often`
  throw new ObjectsError('OBJECTS_START_FAILED', message, hint)
}
