import { cronJobs, jobs } from '../../api/generated/resources.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey, controllerOf } from '../../reconcile/source.ts'
import { decideCronJob } from './core.ts'

const cronJobKeyOf = controllerKey('batch', 'CronJob')
const CRON_JOB_INDEX = 'cron-job'

/** Makes Jobs when their time has come. */
export const cronJobController: Controller = {
  name: 'cronjob-controller',
  build(context) {
    const informer = context.informer(cronJobs)
    const jobInformer = context.informer(jobs)
    jobInformer.addIndex(CRON_JOB_INDEX, (job) => [...cronJobKeyOf(job)])
    /** The schedule by which each CronJob was last looked at, and since when. */
    const schedules = new Map<string, { readonly text: string; readonly sinceMs: number }>()
    return {
      sources: [changesOf(informer), changesOf(jobInformer, cronJobKeyOf)],
      reconcile(key, nowMs) {
        const cronJob = informer.getByKey(key)
        if (cronJob === undefined) {
          schedules.delete(key)
          return SETTLED
        }
        const text = `${cronJob.metadata.uid} ${cronJob.spec?.timeZone ?? ''} ${cronJob.spec?.schedule}`
        const known = schedules.get(key)
        if (known?.text !== text) schedules.set(key, { text, sinceMs: known === undefined ? 0 : nowMs })
        const owned = jobInformer.by(CRON_JOB_INDEX, key)
        const children = owned.filter((job) => controllerOf(job)?.uid === cronJob.metadata.uid)
        return decideCronJob({ cronJob, jobs: children, rescheduledMs: schedules.get(key)!.sinceMs }, nowMs)
      },
    }
  },
}
