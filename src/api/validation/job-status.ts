import type { Job } from '../generated/batch-v1.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { duplicate, invalid, invalidFor, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { indexesProblem, overlapOf } from './index-intervals.ts'
import { nonNegative } from './numbers.ts'

type Status = NonNullable<Job['status']>

/** Pods are counted; those whose end is not counted yet are named once each. */
export function validateJobStatus({ status = {} }: Job): FieldError[] {
  const { active, succeeded, failed, ready, terminating, uncountedTerminatedPods = {} } = status
  const counts = { active, succeeded, failed, ready, terminating }
  const errors = Object.entries(counts).flatMap(([field, value]) => nonNegative(`status.${field}`, value))
  const seen = new Set<string>()
  for (const field of ['succeeded', 'failed'] as const) {
    uncountedTerminatedPods[field]?.forEach((uid, i) => {
      const path = `status.uncountedTerminatedPods.${field}[${i}]`
      if (uid === '') errors.push(invalid(path, uid, 'must not be empty'))
      else if (seen.has(uid)) errors.push(duplicate(path, uid))
      seen.add(uid)
    })
  }
  return errors
}

/** A Job's status before or after a write, with what its conditions say. */
interface State {
  readonly job: Job
  readonly status: Status
  is(condition: string, wanted?: string): boolean
  readonly isFinished: boolean
}

function stateOf(job: Job): State {
  const { status = {} } = job
  const is = (type: string, wanted = 'True') =>
    (status.conditions ?? []).some((condition) => condition.type === type && condition.status === wanted)
  return { job, status, is, isFinished: is('Complete') || is('Failed') }
}

/**
 * What may not become of a Job's status, whoever manages the Job: JobStatusValidationOptions and ValidateJobStatusUpdate.
 * What was wrong before and is not touched is let be.
 */
export function validateJobStatusUpdate(job: Job, old: Job): FieldError[] {
  const [now, was] = [stateOf(job), stateOf(old)]
  return [
    ...validateEnds(now, was),
    ...validateTimes(now, was),
    ...validateGrounds(now, was),
    ...validateFinished(now, was),
    ...validateIndexes(now, was),
    ...validatePods(now, was),
    ...validateSuccessCriteria(now),
    ...validateCourse(now, was),
    ...validateSuccessCourse(now, was),
  ]
}

const CONDITIONS = 'status.conditions'
const refuse = (isRefused: boolean, error: () => FieldError): FieldError[] => (isRefused ? [error()] : [])
const condition = (isRefused: boolean, detail: string) => refuse(isRefused, () => invalidFor(CONDITIONS, detail))

const differs = (now: State, was: State, ...conditions: readonly string[]) =>
  conditions.some((one) => now.is(one) !== was.is(one))
const fieldDiffers = (now: State, was: State, ...fields: readonly (keyof Status)[]) =>
  fields.some((field) => !semanticallyEqual(now.status[field], was.status[field]))

/** A Job ends in one way. */
function validateEnds(now: State, was: State): FieldError[] {
  return [
    ...condition(
      differs(now, was, 'Complete', 'Failed') && now.is('Complete') && now.is('Failed'),
      'cannot set Complete=True and Failed=true conditions',
    ),
    ...condition(
      differs(now, was, 'Complete', 'FailureTarget') && now.is('Complete') && now.is('FailureTarget'),
      'cannot set Complete=True and FailureTarget=true conditions',
    ),
  ]
}

/** Before it ends, it is said that it will. */
function validateGrounds(now: State, was: State): FieldError[] {
  const failedChanged = differs(now, was, 'Failed') || now.status.failedIndexes !== was.status.failedIndexes
  return [
    ...condition(
      failedChanged && now.is('Failed') && !now.is('FailureTarget'),
      'cannot set Failed=True condition without the FailureTarget=true condition',
    ),
    ...condition(
      differs(now, was, 'Complete', 'SuccessCriteriaMet') && now.is('Complete') && !now.is('SuccessCriteriaMet'),
      'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ),
  ]
}

function validateTimes(now: State, was: State): FieldError[] {
  const { completionTime, startTime } = now.status
  const path = 'status.completionTime'
  const isTouched = differs(now, was, 'Complete') || fieldDiffers(now, was, 'completionTime')
  const isMoved = fieldDiffers(now, was, 'completionTime', 'startTime')
  const isEarly = completionTime !== undefined && startTime !== undefined && completionTime < startTime
  const unfinished = 'cannot set completionTime when there is no Complete=True condition'
  return [
    ...refuse(isTouched && completionTime !== undefined && !now.is('Complete'), () =>
      invalid(path, completionTime, unfinished),
    ),
    ...refuse(isTouched && completionTime === undefined && now.is('Complete'), () =>
      required(path, 'completionTime is required for Complete jobs'),
    ),
    ...refuse(isMoved && isEarly, () => invalid(path, completionTime, 'must be equal to or after `startTime`')),
  ]
}

/** Of a Job that has ended nothing goes on, and its pods are counted. */
function validateFinished(now: State, was: State): FieldError[] {
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = now.status
  const { suspend, completions } = now.job.spec ?? {}
  const touched = (field: keyof Status) => isTouchedAtEnd(now, was, field)
  const left = (uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length
  return [
    ...refuse(touched('active') && active > 0, () =>
      invalid('status.active', active, 'active>0 is invalid for finished job'),
    ),
    ...refuse(touched('startTime') && startTime === undefined && !(suspend === true && completions === 0), () =>
      required('status.startTime', 'startTime is required for finished job'),
    ),
    ...refuse(touched('uncountedTerminatedPods') && left > 0, () =>
      invalid('status.uncountedTerminatedPods', goPods(uncounted), 'must be empty for finished job'),
    ),
  ]
}

const isTouchedAtEnd = (now: State, was: State, field: keyof Status) =>
  now.isFinished && (now.isFinished !== was.isFinished || fieldDiffers(now, was, field))

function validatePods(now: State, was: State): FieldError[] {
  const { active = 0, terminating = 0, ready } = now.status
  return [
    ...refuse(isTouchedAtEnd(now, was, 'terminating') && terminating > 0, () =>
      invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'),
    ),
    ...refuse(fieldDiffers(now, was, 'ready', 'active') && ready !== undefined && ready > active, () =>
      invalid('status.ready', ready, 'cannot set more ready pods than active'),
    ),
  ]
}

/** As Go shows its own struct. */
const goPods = (pods: Status['uncountedTerminatedPods']) => ({
  Succeeded: pods?.succeeded ?? null,
  Failed: pods?.failed ?? null,
})

function validateIndexes(now: State, was: State): FieldError[] {
  const { completedIndexes: completed = '', failedIndexes: failed } = now.status
  const { completions, backoffLimitPerIndex: limit, completionMode } = now.job.spec ?? {}
  const completedChanged = completed !== (was.status.completedIndexes ?? '')
  const failedChanged = failed !== was.status.failedIndexes
  const errors: FieldError[] = []
  const parse = (field: string, indexes: string) => {
    const problem = completions === undefined ? undefined : indexesProblem(indexes, completions)
    if (problem !== undefined) errors.push(invalid(`status.${field}`, indexes, `error parsing ${field}: ${problem}`))
  }
  if (completedChanged) parse('completedIndexes', completed)
  if (failedChanged && limit !== undefined && failed !== undefined) parse('failedIndexes', failed)
  if (completedChanged && completed !== '' && completionMode !== 'Indexed') {
    const detail = 'cannot set non-empty completedIndexes when non-indexed completion mode'
    errors.push(invalid('status.completedIndexes', completed, detail))
  }
  if (failedChanged && failed !== undefined && limit === undefined) {
    const detail = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'
    errors.push(invalid('status.failedIndexes', failed, detail))
  }
  if ((!completedChanged && !failedChanged) || completions === undefined || failed === undefined) return errors
  const both = overlapOf(completed, failed, completions)
  if (both === undefined) return errors
  const detail = `failedIndexes and completedIndexes overlap at index: ${both}`
  return [...errors, invalid('status.failedIndexes', failed, detail)]
}

function validateSuccessCriteria(now: State): FieldError[] {
  const isMet = now.is('SuccessCriteriaMet')
  const hasPolicy = now.job.spec?.successPolicy !== undefined
  return [
    ...condition(isMet && now.is('Failed'), 'cannot set SuccessCriteriaMet=True and Failed=true conditions'),
    ...condition(
      isMet && now.is('FailureTarget'),
      'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
    ),
    ...condition(
      hasPolicy && !isMet && now.is('Complete'),
      'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
    ),
  ]
}

function validateSuccessCourse(now: State, was: State): FieldError[] {
  const isMet = now.is('SuccessCriteriaMet')
  return [
    ...condition(was.is('SuccessCriteriaMet') && !isMet, 'cannot disable the SuccessCriteriaMet=True condition'),
    ...condition(
      was.is('Complete') && !was.is('SuccessCriteriaMet') && isMet,
      'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions',
    ),
  ]
}

/** Ends stay, counters rise, times stay. */
function validateCourse(now: State, was: State): FieldError[] {
  const { completions, parallelism, completionMode, suspend } = now.job.spec ?? {}
  const errors = ['Failed', 'Complete', 'FailureTarget'].flatMap((type) =>
    condition(was.is(type) && !now.is(type), `cannot disable the terminal ${type}=True condition`),
  )
  const isElastic = completionMode === 'Indexed' && completions === parallelism
  for (const field of isElastic ? (['failed'] as const) : (['failed', 'succeeded'] as const)) {
    const value = now.status[field] ?? 0
    if (value < (was.status[field] ?? 0))
      errors.push(invalid(`status.${field}`, value, `cannot decrease the ${field} counter`))
  }
  const { completionTime, startTime } = was.status
  const isMoved = completionTime !== undefined && now.status.completionTime !== undefined
  if (isMoved && now.status.completionTime !== completionTime) {
    errors.push(invalid('status.completionTime', now.status.completionTime, 'field is immutable'))
  }
  const isResuming = was.is('Suspended') && now.is('Suspended', 'False')
  if (startTime !== undefined && startTime !== now.status.startTime && suspend !== true && !isResuming) {
    errors.push(required('status.startTime', 'startTime cannot be removed for unsuspended job'))
  }
  return errors
}
