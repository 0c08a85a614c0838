import type { Draft } from '../draft.ts'
import type { CronJob, Job, JobSpec } from '../generated/batch-v1.ts'
import { defaultPodTemplate } from './pod.ts'
import { setDefaults, setDefaultsOfZero } from './set-default.ts'

/** Without `completions` and `parallelism` a job runs one pod; with one of them, the other has a meaning of its own. */
export function defaultJob({ spec }: Draft<Job>): void {
  if (spec === undefined) return
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  const hasPerIndex = spec.backoffLimitPerIndex !== undefined
  setDefaults(spec, {
    parallelism: 1,
    backoffLimit: hasPerIndex ? 0x7fffffff : 6,
    completionMode: 'NonIndexed',
    suspend: false,
    manualSelector: false,
    podReplacementPolicy: spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
  })
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) setDefaultsOfZero(pattern, { status: 'True' })
  }
  defaultJobTemplate(spec)
}

export function defaultCronJob({ spec }: Draft<CronJob>): void {
  if (spec === undefined) return
  setDefaultsOfZero(spec, { concurrencyPolicy: 'Allow' })
  setDefaults(spec, { suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 })
  if (spec.jobTemplate?.spec !== undefined) defaultJobTemplate(spec.jobTemplate.spec)
}

function defaultJobTemplate(spec: Draft<JobSpec>): void {
  defaultPodTemplate(spec.template)
}
