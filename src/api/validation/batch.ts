import { goForm } from './go-form.ts'
import type { CronJob, Job, JobSpec } from '../generated/batch-v1.ts'
import { invalid, notSupported, required, tooLong } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { fromLabelSelector, matchesLabels } from '../meta/label-selector.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { dnsLabelProblems } from '../meta/names.ts'
import { validateDomainPrefixedPath } from './domain-prefixed-path.ts'
import { validateFailurePolicy, validateSuccessPolicy } from './job-policies.ts'
import { validateLabelSelector } from './label-selector.ts'
import { nonNegative } from './numbers.ts'
import { immutable, unlessSame } from './object-meta.ts'
import { validatePodTemplate } from './pod.ts'
import { validateSchedule, validateTimeZone } from './schedule.ts'

/** As many indexes as a job may have, and as many of its pods at once. */
const MAXIMUM_PARALLELISM_INDEXED = 100_000
const MODES = ['NonIndexed', 'Indexed']
const INDEXED_ONLY = 'requires indexed completion mode'
const MANAGED_BY_BYTES = 63

/** Above so many completions, fewer pods may run at once and fewer indexes fail. */
const MANY_COMPLETIONS = 100_000
const MANY_AT_ONCE = 10_000

export function validateJob(job: Job): FieldError[] {
  const spec = job.spec as JobSpec
  const errors = validateJobSpec(spec, 'spec')
  const labels = spec.template?.metadata?.labels
  const malformed = validateLabelSelector(spec.selector, 'spec.selector')
  errors.push(...(spec.selector === undefined ? [required('spec.selector')] : malformed))
  const selector = spec.selector === undefined ? undefined : fromLabelSelector(spec.selector)
  if (malformed.length === 0 && (selector === undefined || !matchesLabels(selector, labels ?? {}))) {
    const shown = goForm('map[string]string', labels)
    errors.push(invalid('spec.template.metadata.labels', shown, '`selector` does not match template `labels`'))
  }
  const { name = '' } = job.metadata
  const host = `${name}-${(spec.completions ?? 0) - 1}`
  const isHost = spec.completionMode !== 'Indexed' || !spec.completions || dnsLabelProblems(host).length === 0
  const detail = `will not able to create pod with invalid DNS label: ${host}`
  return isHost ? errors : [...errors, invalid('metadata.name', name, detail)]
}

/** Unless the selector is the author's own, it is by labels that the server has put on the template. */
export function validateGeneratedSelector({ metadata, spec }: Job): FieldError[] {
  if (spec === undefined || spec.manualSelector === true || spec.selector === undefined) return []
  const { uid = '', name = '' } = metadata
  const path = 'spec.template.metadata.labels'
  const labels = spec.template?.metadata?.labels
  const wanted = {
    'controller-uid': uid,
    'job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
  }
  const errors = Object.entries(wanted).flatMap(([key, value]) => {
    const detail = `must be '${value}'`
    if (labels?.[key] === value) return []
    if (labels?.[key] === undefined) return [required(`${path}[${key}]`, detail)]
    return [invalid(`${path}[${key}]`, goForm('map[string]string', labels), detail)]
  })
  const isMalformed = validateLabelSelector(spec.selector, '').length > 0
  if (isMalformed || matchesLabels(fromLabelSelector(spec.selector) ?? [], wanted)) return errors
  const shown = goForm('metav1.LabelSelector', spec.selector)
  return [...errors, invalid('spec.selector', shown, '`selector` not auto-generated')]
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
  const { managedBy, podFailurePolicy, podReplacementPolicy: replacement } = spec
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  }
  if (managedBy !== undefined) {
    errors.push(...validateDomainPrefixedPath(`${path}.managedBy`, managedBy))
    if (managedBy.length > MANAGED_BY_BYTES) errors.push(tooLong(`${path}.managedBy`, MANAGED_BY_BYTES))
  }
  errors.push(...validateCompletionMode(spec, path))
  if (podFailurePolicy !== undefined) errors.push(...validateFailurePolicy(spec, `${path}.podFailurePolicy`))
  if (spec.successPolicy !== undefined) {
    const at = `${path}.successPolicy`
    const shown = goForm('batch.SuccessPolicy', spec.successPolicy)
    if (spec.completionMode === 'Indexed') errors.push(...validateSuccessPolicy(spec, at))
    else errors.push(invalid(at, shown, INDEXED_ONLY))
  }
  const replacements = podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed']
  if (replacement !== undefined && !replacements.includes(replacement)) {
    errors.push(notSupported(`${path}.podReplacementPolicy`, replacement, replacements))
  }
  errors.push(...validatePodTemplate(spec.template, `${path}.template`))
  return [...errors, ...validateRestartPolicy(spec, `${path}.template.spec.restartPolicy`)]
}

function validateRestartPolicy({ template, podFailurePolicy }: JobSpec, path: string): FieldError[] {
  const { restartPolicy = '' } = template?.spec ?? {}
  if (restartPolicy === '' || restartPolicy === 'Always') {
    return [required(path, 'valid values: "OnFailure", "Never"')]
  }
  const policies = ['OnFailure', 'Never']
  if (!policies.includes(restartPolicy)) return [notSupported(path, restartPolicy, policies)]
  if (podFailurePolicy === undefined || restartPolicy === 'Never') return []
  return [invalid(path, restartPolicy, 'only "Never" is supported when podFailurePolicy is specified')]
}

function validateCompletionMode(spec: JobSpec, path: string): FieldError[] {
  const { completionMode: mode, completions, parallelism = 1, backoffLimitPerIndex: perIndex, maxFailedIndexes } = spec
  const errors: FieldError[] = []
  if (mode !== undefined && !MODES.includes(mode)) errors.push(notSupported(`${path}.completionMode`, mode, MODES))
  if (mode === undefined || mode === 'NonIndexed') {
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
      if (spec[field] !== undefined) errors.push(invalid(`${path}.${field}`, spec[field], INDEXED_ONLY))
    }
  }
  if (mode !== 'Indexed') return errors
  const atMost = (field: 'parallelism' | 'maxFailedIndexes', limit: number, when = '') => {
    const value = spec[field] ?? 0
    if (value > limit) errors.push(invalid(`${path}.${field}`, value, `must be less than or equal to ${limit}${when}`))
  }
  if (completions === undefined) errors.push(required(`${path}.completions`, 'when completion mode is Indexed'))
  if (parallelism > MAXIMUM_PARALLELISM_INDEXED) {
    atMost('parallelism', MAXIMUM_PARALLELISM_INDEXED, ' when completion mode is Indexed')
  }
  if (completions !== undefined && (maxFailedIndexes ?? 0) > completions) {
    const detail = 'must be less than or equal to completions'
    errors.push(invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, detail))
  }
  atMost('maxFailedIndexes', MAXIMUM_PARALLELISM_INDEXED)
  if ((completions ?? 0) <= MANY_COMPLETIONS || perIndex === undefined) return errors
  if (maxFailedIndexes === undefined) {
    const detail = `must be specified when completions is above ${MANY_COMPLETIONS}`
    errors.push(required(`${path}.maxFailedIndexes`, detail))
  }
  const when = ` when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`
  atMost('parallelism', MANY_AT_ONCE, when)
  atMost('maxFailedIndexes', MANY_AT_ONCE, when)
  return errors
}

/** An elastic indexed job may change completions and parallelism together. A suspended one may change where it runs. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const [spec, oldSpec] = [job.spec as JobSpec, old.spec as JobSpec]
  const errors: FieldError[] = []
  if (!semanticallyEqual(spec.completions, oldSpec.completions)) {
    if (spec.completionMode !== 'Indexed') errors.push(immutable('spec.completions', spec.completions))
    else if (spec.completions !== undefined && spec.completions !== spec.parallelism) {
      errors.push(invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism'))
    }
  }
  if (!semanticallyEqual(spec.selector, oldSpec.selector)) {
    const shown = spec.selector === undefined ? null : goForm('metav1.LabelSelector', spec.selector)
    errors.push(immutable('spec.selector', shown))
  }
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
