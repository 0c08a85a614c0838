import type { Job } from '../../api/generated/batch-v1.ts'
import { jobs } from '../../api/generated/resources.ts'
import { keyOf } from '../../api/object.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'

/** Deletes Jobs some time after they finished, those that ask for it with `spec.ttlSecondsAfterFinished`. */
export const ttlAfterFinishedController: Controller = {
  name: 'ttl-after-finished-controller',
  build(context) {
    const informer = context.informer(jobs)
    return {
      sources: [changesOf(informer)],
      reconcile: (key, nowMs) => decideTtl(informer.getByKey(key), nowMs),
    }
  },
}

/** Deletes the Job when its time is up (its pods with it, in the foreground, as Kubernetes does), or says when that is. */
export function decideTtl(job: Job | undefined, nowMs: number): Decision {
  const ttlSeconds = job?.spec?.ttlSecondsAfterFinished
  if (job === undefined || ttlSeconds === undefined || job.metadata.deletionTimestamp !== undefined) return SETTLED
  const finished = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )
  if (finished === undefined) return SETTLED
  const remainingMs = Date.parse(finished.lastTransitionTime!) + ttlSeconds * 1000 - nowMs
  if (remainingMs > 0) return { changes: [], requeueAfterMs: remainingMs }
  const options = { propagationPolicy: 'Foreground' } as const
  return { changes: [{ verb: 'delete', type: jobs, key: keyOf(job), uid: job.metadata.uid!, options }] }
}
