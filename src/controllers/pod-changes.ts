import type { Pod } from '../api/generated/core-v1.ts'
import { pods as podsType } from '../api/generated/resources.ts'
import { keyOf } from '../api/object.ts'
import type { KubeObject } from '../api/object.ts'
import type { CreateChange, DeleteChange } from '../reconcile/change.ts'

/** The creation of a pod for `owner`, with the events that Kubernetes' controllers give for it. */
export function createPod(owner: KubeObject, pod: Pod): CreateChange {
  return {
    verb: 'create',
    type: podsType,
    object: pod,
    done: (created) => {
      return {
        about: owner,
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: `Created pod: ${created.metadata.name}`,
      }
    },
    failed: (error) => {
      return { about: owner, type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${error.message}` }
    },
  }
}

export function deletePod(owner: KubeObject, pod: Pod): DeleteChange {
  const name = pod.metadata.name!
  return {
    verb: 'delete',
    type: podsType,
    key: keyOf(pod),
    uid: pod.metadata.uid!,
    done: () => ({ about: owner, type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` }),
    failed: (error) => {
      return { about: owner, type: 'Warning', reason: 'FailedDelete', message: `Error deleting: ${error.message}` }
    },
  }
}
