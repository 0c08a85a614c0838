import { jobs, pods } from '../../api/generated/resources.ts'
import { keyOf, keyString } from '../../api/object.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey, controllerOf } from '../../reconcile/source.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { concernedOwners } from '../concerned-owners.ts'
import { ORPHAN_INDEX, orphanNamespace } from '../orphans.ts'
import { createBackoffMemory } from './backoff-memory.ts'
import { isFinished } from './conditions.ts'
import { decideJob } from './core.ts'
import { isTracked, releasePod } from './job-pod.ts'

const JOB_INDEX = 'job'
const jobKeyOf = controllerKey('batch', 'Job')

/** Begins the keys of pods that have lost their Job, but not its finalizer; no Job's key has a colon. */
const ORPHAN = 'orphan:'
const isOrphan = (pod: Pod) => isTracked(pod) && controllerOf(pod) === undefined
const orphanKeyOf = (pod: Pod) => (isOrphan(pod) ? [`${ORPHAN}${keyString(keyOf(pod))}`] : [])

/** Kubernetes' figures for Jobs that could not be synced, such as for a quota: each try says another pod's name. */
const RETRY = { firstMs: 1_000, lastMs: 60_000 }

/** Runs Jobs: pods until enough of them succeeded, or too many failed. */
export const jobController: Controller = {
  name: 'job-controller',
  build(context) {
    const jobInformer = context.informer(jobs)
    const podInformer = context.informer(pods)
    podInformer.addIndex(JOB_INDEX, (pod) => [...jobKeyOf(pod)])
    podInformer.addIndex(ORPHAN_INDEX, orphanNamespace)
    const backoff = createBackoffMemory()
    const concerned = concernedOwners(jobInformer, jobKeyOf)
    const releaseOrphan = (key: string): Decision => {
      const pod = podInformer.getByKey(key)
      // One that a Job will adopt keeps it.
      const isLost = pod !== undefined && isOrphan(pod) && [...concerned(pod)].length === 0
      return isLost ? { changes: [releasePod(pod)] } : SETTLED
    }
    return {
      retry: RETRY,
      sources: [changesOf(jobInformer), changesOf(podInformer, concerned), changesOf(podInformer, orphanKeyOf)],
      reconcile(key, nowMs) {
        if (key.startsWith(ORPHAN)) return releaseOrphan(key.slice(ORPHAN.length))
        const job = jobInformer.getByKey(key)
        const own = podInformer.by(JOB_INDEX, key)
        if (job === undefined || isFinished(job)) {
          backoff.forget(key)
          return decideJob({ job, pods: own }, nowMs)
        }
        const orphans = podInformer.by(ORPHAN_INDEX, job.metadata.namespace!)
        return decideJob({ job, pods: [...own, ...orphans], ends: backoff.recall(key, job, own, nowMs) }, nowMs)
      },
    }
  },
}
