import { goForm } from './go-form.ts'
import type { CronJob, Job, JobSpec } from '../generated/batch-v1.ts'
import { invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { fromLabelSelector, matchesLabels } from '../meta/label-selector.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { validateLabelSelector } from './label-selector.ts'
import { nonNegative } from './numbers.ts'
import { immutable, unlessSame } from './object-meta.ts'
import { validatePodTemplate } from './pod.ts'
import { validateSchedule, validateTimeZone } from './schedule.ts'

/** As many indexes as a job may have, and as many of its pods at once. */
const MAXIMUM_PARALLELISM_INDEXED = 100_000
const MODES = ['NonIndexed', 'Indexed']

export function validateJob(job: Job): FieldError[] {
  const spec = job.spec as JobSpec
  const errors = validateJobSpec(spec, 'spec')
  if (spec.selector === undefined) return [...errors, required('spec.selector')]
  errors.push(...validateLabelSelector(spec.selector, 'spec.selector'))
  const labels = spec.template?.metadata?.labels ?? {}
  if (!matchesLabels(fromLabelSelector(spec.selector) ?? [], labels)) {
    errors.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'))
  }
  return errors
}

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const

export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  const errors = COUNTS.flatMap((field) => nonNegative(`${path}.${field}`, spec[field]))
  errors.push(...validateCompletionMode(spec, path))
  const replacement = spec.podReplacementPolicy
  if (replacement !== undefined && !['Failed', 'TerminatingOrFailed'].includes(replacement)) {
    errors.push(notSupported(`${path}.podReplacementPolicy`, replacement, ['Failed', 'TerminatingOrFailed']))
  }
  errors.push(...validatePodTemplate(spec.template, `${path}.template`))
  const { restartPolicy = '' } = spec.template?.spec ?? {}
  const at = `${path}.template.spec.restartPolicy`
  if (restartPolicy === '' || restartPolicy === 'Always') {
    errors.push(required(at, 'valid values: "OnFailure", "Never"'))
  } else if (restartPolicy !== 'OnFailure' && restartPolicy !== 'Never') {
    errors.push(notSupported(at, restartPolicy, ['OnFailure', 'Never']))
  }
  if (spec.podFailurePolicy !== undefined && restartPolicy !== 'Never') {
    const detail = 'only "Never" is supported when podFailurePolicy is specified'
    errors.push(invalid(at, restartPolicy, detail))
  }
  return errors
}

function validateCompletionMode(spec: JobSpec, path: string): FieldError[] {
  const { completionMode: mode, completions, parallelism = 1, backoffLimitPerIndex } = spec
  const errors: FieldError[] = []
  if (mode !== undefined && !MODES.includes(mode)) {
    errors.push(notSupported(`${path}.completionMode`, mode, MODES))
  } else if (mode === 'Indexed') {
    if (completions === undefined) {
      errors.push(required(`${path}.completions`, 'when completion mode is Indexed'))
    }
    if (parallelism > MAXIMUM_PARALLELISM_INDEXED) {
      const detail = `must be less than or equal to ${MAXIMUM_PARALLELISM_INDEXED} when completion mode is Indexed`
      errors.push(invalid(`${path}.parallelism`, parallelism, detail))
    }
  } else if (backoffLimitPerIndex !== undefined) {
    const detail = 'requires indexed completion mode'
    errors.push(invalid(`${path}.backoffLimitPerIndex`, backoffLimitPerIndex, detail))
  }
  if (spec.maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined) {
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  }
  return errors
}

/** An elastic indexed job may change completions and parallelism together. A suspended one may change where it runs. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const [spec, oldSpec] = [job.spec as JobSpec, old.spec as JobSpec]
  const errors: FieldError[] = []
  if (!semanticallyEqual(spec.completions, oldSpec.completions)) {
    if (oldSpec.completionMode !== 'Indexed') errors.push(immutable('spec.completions', spec.completions))
    else if (spec.completions !== spec.parallelism) {
      errors.push(invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism'))
    }
  }
  errors.push(...unlessSame('spec.selector', spec.selector, oldSpec.selector))
  if (!semanticallyEqual(fixedTemplate(spec, oldSpec), fixedTemplate(oldSpec, oldSpec))) {
    errors.push(immutable('spec.template', goForm('core.PodTemplateSpec', spec.template)))
  }
  errors.push(...unlessSame('spec.completionMode', spec.completionMode, oldSpec.completionMode))
  if (!semanticallyEqual(spec.podFailurePolicy, oldSpec.podFailurePolicy)) {
    errors.push(immutable('spec.podFailurePolicy', goForm('*batch.PodFailurePolicy', spec.podFailurePolicy)))
  }
  errors.push(...unlessSame('spec.backoffLimitPerIndex', spec.backoffLimitPerIndex, oldSpec.backoffLimitPerIndex))
  errors.push(...unlessSame('spec.managedBy', spec.managedBy, oldSpec.managedBy))
  if (!semanticallyEqual(spec.successPolicy, oldSpec.successPolicy)) {
    errors.push(immutable('spec.successPolicy', goForm('*batch.SuccessPolicy', spec.successPolicy)))
  }
  return errors
}

function fixedTemplate(spec: JobSpec, old: JobSpec): unknown {
  const mutable = old.suspend === true
  if (!mutable) return spec.template
  const {
    nodeSelector: _n,
    tolerations: _t,
    affinity: _a,
    schedulingGates: _g,
    ...rest
  } = spec.template.spec ?? {
    containers: [],
  }
  return rest
}

const POLICIES = ['Allow', 'Forbid', 'Replace']

export function validateCronJob(cronJob: CronJob): FieldError[] {
  const spec = cronJob.spec as NonNullable<CronJob['spec']>
  const errors: FieldError[] = []
  if (spec.schedule === '') errors.push(required('spec.schedule'))
  else errors.push(...validateSchedule(spec.schedule, 'spec.schedule'))
  if (spec.timeZone !== undefined) errors.push(...validateTimeZone(spec.timeZone, 'spec.timeZone'))
  errors.push(...nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds))
  const { concurrencyPolicy = '' } = spec
  if (concurrencyPolicy === '') errors.push(required('spec.concurrencyPolicy'))
  else if (!POLICIES.includes(concurrencyPolicy)) {
    errors.push(notSupported('spec.concurrencyPolicy', concurrencyPolicy, POLICIES))
  }
  const template = spec.jobTemplate?.spec
  const path = 'spec.jobTemplate.spec'
  if (template?.manualSelector === true) errors.push(notSupported(`${path}.manualSelector`, true, ['nil', 'false']))
  if (template?.selector !== undefined) {
    errors.push(invalid(`${path}.selector`, template.selector, '`selector` will be auto-generated'))
  }
  if (template !== undefined) errors.push(...validateJobSpec(template, path))
  errors.push(...nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit))
  errors.push(...nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit))
  if ((cronJob.metadata.name ?? '').length > 52) {
    errors.push(invalid('metadata.name', cronJob.metadata.name, 'must be no more than 52 characters'))
  }
  return errors
}
