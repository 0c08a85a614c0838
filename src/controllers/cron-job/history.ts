import type { CronJob, Job } from '../../api/generated/batch-v1.ts'
import { jobs as jobsType } from '../../api/generated/resources.ts'
import { keyOf } from '../../api/object.ts'
import type { DeleteChange } from '../../reconcile/change.ts'
import { conditionOf } from '../job/conditions.ts'

/** The oldest finished Jobs beyond the limits, those that succeeded and those that failed apart. */
export function oldJobs(cronJob: CronJob, jobs: readonly Job[]): readonly Job[] {
  const { successfulJobsHistoryLimit: successful, failedJobsHistoryLimit: failed } = cronJob.spec ?? {}
  const having = (type: string) => jobs.filter((job) => conditionOf(job, type) !== undefined)
  return [...surplusOf(having('Complete'), successful), ...surplusOf(having('Failed'), failed)]
}

/** Deletes a Job, and its pods after it. */
export function deleteJob(cronJob: CronJob, job: Job): DeleteChange {
  return {
    verb: 'delete',
    type: jobsType,
    key: keyOf(job),
    uid: job.metadata.uid!,
    options: { propagationPolicy: 'Background' },
    done: () => ({
      about: cronJob,
      type: 'Normal',
      reason: 'SuccessfulDelete',
      message: `Deleted job ${job.metadata.name}`,
    }),
    failed: (error) => {
      return { about: cronJob, type: 'Warning', reason: 'FailedDelete', message: `Deleted job: ${error.message}` }
    },
  }
}

function surplusOf(jobs: readonly Job[], limit: number | undefined): readonly Job[] {
  const surplus = jobs.length - (limit ?? Infinity)
  return surplus <= 0 ? [] : jobs.toSorted(byStart).slice(0, surplus)
}

function byStart(a: Job, b: Job): number {
  const start = (job: Job) => (job.status?.startTime === undefined ? Infinity : Date.parse(job.status.startTime))
  return start(a) === start(b) ? (a.metadata.name! < b.metadata.name! ? -1 : 1) : start(a) - start(b)
}
