import type { StatefulSet } from '../../api/generated/apps-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import { keyOf } from '../../api/object.ts'
import type { Change, Outcomes } from '../../reconcile/change.ts'
import { POD_NAME_LABEL } from './identity.ts'

/** Changes of a set's pods, with the events that Kubernetes' StatefulSet controller gives for them. */
export function createPod(set: StatefulSet, pod: Pod): Change {
  return { verb: 'create', type: pods, object: pod, ...told(set, pod, 'create') }
}

export function deletePod(set: StatefulSet, pod: Pod): Change {
  return { verb: 'delete', type: pods, key: keyOf(pod), uid: pod.metadata.uid!, ...told(set, pod, 'delete') }
}

/** Gives a pod its name label back where it was taken away: Services select one pod by it. */
export function restoreName(set: StatefulSet, pod: Pod): Change[] {
  const { name, uid, labels } = pod.metadata
  if (labels?.[POD_NAME_LABEL] === name) return []
  const patch = { metadata: { uid, labels: { [POD_NAME_LABEL]: name } } }
  return [{ verb: 'patch', type: pods, key: keyOf(pod), patch: { type: 'merge', patch }, ...told(set, pod, 'update') }]
}

function told(set: StatefulSet, pod: Pod, act: 'create' | 'update' | 'delete'): Outcomes {
  const subject = `${act} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`
  const what = act[0]!.toUpperCase() + act.slice(1)
  return {
    done: () => ({ about: set, type: 'Normal', reason: `Successful${what}`, message: `${subject} successful` }),
    failed: ({ message }) => {
      return { about: set, type: 'Warning', reason: `Failed${what}`, message: `${subject} failed error: ${message}` }
    },
  }
}
