import { jobs, pods } from '../../api/generated/resources.ts'
import { keyOf, keyString } from '../../api/object.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey, controllerOf } from '../../reconcile/source.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { decideJob } from './core.ts'
import { isTracked, releasePod } from './job-pod.ts'

const JOB_INDEX = 'job'
const jobKeyOf = controllerKey('batch', 'Job')

/** Begins the keys of pods that have lost their Job, but not its finalizer; no Job's key has a colon. */
const ORPHAN = 'orphan:'
const isOrphan = (pod: Pod) => isTracked(pod) && controllerOf(pod) === undefined
const orphanKeyOf = (pod: Pod) => (isOrphan(pod) ? [`${ORPHAN}${keyString(keyOf(pod))}`] : [])

/** Runs Jobs: pods until enough of them succeeded, or too many failed. */
export const jobController: Controller = {
  name: 'job-controller',
  build(context) {
    const jobInformer = context.informer(jobs)
    const podInformer = context.informer(pods)
    podInformer.addIndex(JOB_INDEX, (pod) => [...jobKeyOf(pod)])
    return {
      sources: [changesOf(jobInformer), changesOf(podInformer, jobKeyOf), changesOf(podInformer, orphanKeyOf)],
      reconcile(key, nowMs) {
        if (!key.startsWith(ORPHAN))
          return decideJob({ job: jobInformer.getByKey(key), pods: podInformer.by(JOB_INDEX, key) }, nowMs)
        const pod = podInformer.getByKey(key.slice(ORPHAN.length))
        return pod !== undefined && isOrphan(pod) ? { changes: [releasePod(pod)] } : SETTLED
      },
    }
  },
}
