import type { Deployment } from '../api/generated/apps-v1.ts'
import type { Wanted } from './follow.ts'
import { ObjectsError } from './objects-error.ts'

/**
 * Until a Deployment has rolled out, by the rules of `kubectl rollout status`, and has no more replicas than it wants, which that
 * command does not wait for. Throws where its deadline has passed.
 */
export function rolledOut(name: string): Wanted<Deployment, Deployment> {
  return {
    judge(object) {
      if (object === undefined || !isObserved(object)) return undefined
      const progressing = object.status?.conditions?.find(({ type }) => type === 'Progressing')
      if (progressing?.reason === 'ProgressDeadlineExceeded') throw failed(name, progressing.message, object)
      return missingOf(object) === undefined ? object : undefined
    },
    state: (object) => (object === undefined ? 'it is not there' : (missingOf(object) ?? 'it is unobserved')),
    expected: 'all of its replicas updated and available',
  }
}

const isObserved = ({ metadata, status }: Deployment) => (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)

/** What there is still to come, or `undefined`. */
function missingOf({ spec, status }: Deployment): string | undefined {
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {}
  const wanted = spec?.replicas ?? 1
  if (updatedReplicas < wanted) return `${updatedReplicas} of ${wanted} replicas are new`
  if (replicas > updatedReplicas) return `${replicas - updatedReplicas} old replicas have not ended`
  if (updatedReplicas > wanted) return `${updatedReplicas - wanted} replicas too many have not ended`
  if (availableReplicas < updatedReplicas) return `${availableReplicas} of ${updatedReplicas} replicas are available`
  return undefined
}

function failed(name: string, reason: string | undefined, object: Deployment): ObjectsError {
  const current = `${missingOf(object) ?? ''} (${reason ?? 'its progress deadline has passed'})`
  const message = `Cannot roll out "${name}": ${current}, expected progress within its deadline`
  return new ObjectsError('OBJECTS_ROLLOUT_FAILED', message, 'rollback() returns to the revision before')
}
