import type { Draft } from '../draft.ts'
import type { CronJob, Job, JobSpec } from '../generated/batch-v1.ts'
import { defaultPodTemplate } from './pod.ts'
import { setDefaults, setDefaultsOfZero } from './set-default.ts'

/** Without `completions` and `parallelism` a job runs one pod; with one of them, the other has a meaning of its own. */
export function defaultJob({ spec, metadata }: Draft<Job>): void {
  if (spec === undefined) return
  // As in Kubernetes, the two share one map until the job is written: labels that are generated for pods are the job's too.
  const labels = spec.template.metadata?.labels
  if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = labels
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
