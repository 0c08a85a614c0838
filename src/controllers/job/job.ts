import { jobs, pods } from '../../api/generated/resources.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey } from '../../reconcile/source.ts'
import { decideJob } from './core.ts'

const JOB_INDEX = 'job'
const jobKeyOf = controllerKey('batch', 'Job')

/** Runs Jobs: pods until enough of them succeeded, or too many failed. */
export const jobController: Controller = {
  name: 'job-controller',
  build(context) {
    const jobInformer = context.informer(jobs)
    const podInformer = context.informer(pods)
    podInformer.addIndex(JOB_INDEX, (pod) => [...jobKeyOf(pod)])
    return {
      sources: [changesOf(jobInformer), changesOf(podInformer, jobKeyOf)],
      reconcile: (key, nowMs) =>
        decideJob({ job: jobInformer.getByKey(key), pods: podInformer.by(JOB_INDEX, key) }, nowMs),
    }
  },
}
