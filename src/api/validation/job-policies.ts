import type { JobSpec } from '../generated/batch-v1.ts'
import { duplicate, invalid, notSupported, required, tooLong, tooMany } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { labelKeyProblems } from '../meta/names.ts'
import { nonNegative } from './numbers.ts'
import { named } from './object-meta.ts'

const MOST = { rules: 20, patterns: 20, exitCodes: 255, indexBytes: 64 * 1024 }
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const OPERATORS = ['In', 'NotIn']
const STATES = ['False', 'True', 'Unknown']

type FailureRule = NonNullable<NonNullable<JobSpec['podFailurePolicy']>['rules']>[number]
type SuccessRule = NonNullable<NonNullable<JobSpec['successPolicy']>['rules']>[number]

/** What a job does about pods that failed. */
export function validateFailurePolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? []
  const at = `${path}.rules`
  const errors = rules.length > MOST.rules ? [tooMany(at, rules.length, MOST.rules)] : []
  return [...errors, ...rules.flatMap((rule, i) => validateFailureRule(spec, rule, `${at}[${i}]`))]
}

/** One of a set of words, none of which is the default. */
function chosen(path: string, value: string, allowed: readonly string[]): FieldError[] {
  if (value === '') return [required(path, `valid values: [${allowed.map((one) => JSON.stringify(one)).join(' ')}]`)]
  return allowed.includes(value) ? [] : [notSupported(path, value, allowed)]
}

function validateFailureRule(spec: JobSpec, rule: FailureRule, path: string): FieldError[] {
  const { action = '', onExitCodes } = rule
  const patterns = rule.onPodConditions ?? []
  const errors = chosen(`${path}.action`, action, ACTIONS)
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'))
  }
  if (onExitCodes !== undefined) errors.push(...validateExitCodes(spec, onExitCodes, `${path}.onExitCodes`))
  if (patterns.length > MOST.patterns) {
    errors.push(tooMany(`${path}.onPodConditions`, patterns.length, MOST.patterns))
  }
  patterns.forEach(({ type, status = '' }, i) => {
    const at = `${path}.onPodConditions[${i}]`
    errors.push(...named(`${at}.type`, type, labelKeyProblems(type)), ...chosen(`${at}.status`, status, STATES))
  })
  const kinds = Number(onExitCodes !== undefined) + Number(patterns.length > 0)
  const one = 'OnExitCodes and OnPodConditions is'
  if (kinds === 2) errors.push(withoutValue(path, `specifying both ${one} not supported`))
  if (kinds === 0) errors.push(withoutValue(path, `specifying one of ${one} required`))
  return errors
}

const withoutValue = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${detail}`,
})

type ExitCodes = NonNullable<FailureRule['onExitCodes']>

function validateExitCodes(spec: JobSpec, codes: ExitCodes, path: string): FieldError[] {
  const { operator = '', containerName, values } = codes
  const errors = chosen(`${path}.operator`, operator, OPERATORS)
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {}
  const isKnown = [...(containers ?? []), ...(initContainers ?? [])].some(({ name }) => name === containerName)
  if (containerName !== undefined && !isKnown) {
    const detail = 'must be one of the container or initContainer names in the pod template'
    errors.push(invalid(`${path}.containerName`, containerName, detail))
  }
  const all = values ?? []
  if (all.length === 0) errors.push(invalid(`${path}.values`, values, 'at least one value is required'))
  else if (all.length > MOST.exitCodes) errors.push(tooMany(`${path}.values`, all.length, MOST.exitCodes))
  all.forEach((code, i) => {
    const at = `${path}.values[${i}]`
    if (operator === 'In' && code === 0) errors.push(invalid(at, code, 'must not be 0 for the In operator'))
    if (all.indexOf(code) < i) errors.push(duplicate(at, code))
  })
  const isOrdered = all.every((code, i) => i === 0 || (all[i - 1] ?? 0) <= code)
  return isOrdered ? errors : [...errors, invalid(`${path}.values`, all, 'must be ordered')]
}

/** When an indexed job has succeeded although not all of its indexes have. */
export function validateSuccessPolicy({ successPolicy, completions = 0 }: JobSpec, path: string): FieldError[] {
  const rules = successPolicy?.rules ?? []
  const at = `${path}.rules`
  const detail = 'at least one rules must be specified when the successPolicy is specified'
  const errors = rules.length === 0 ? [required(at, detail)] : []
  if (rules.length > MOST.rules) errors.push(tooMany(at, rules.length, MOST.rules))
  return [...errors, ...rules.flatMap((rule, i) => validateSuccessRule(rule, completions, `${at}[${i}]`))]
}

function validateSuccessRule(rule: SuccessRule, completions: number, path: string): FieldError[] {
  const { succeededCount: count, succeededIndexes: indexes } = rule
  const errors: FieldError[] = []
  if (count === undefined && indexes === undefined) {
    errors.push(required(path, 'at least one of succeededCount or succeededIndexes must be specified'))
  }
  const counted = indexes === undefined ? 0 : countIndexes(indexes, completions)
  if (indexes !== undefined) {
    const at = `${path}.succeededIndexes`
    if (indexes.length > MOST.indexBytes) errors.push(tooLong(at, MOST.indexBytes))
    if (typeof counted === 'string') errors.push(invalid(at, indexes, `error parsing succeededIndexes: ${counted}`))
  }
  if (count === undefined) return errors
  const at = `${path}.succeededCount`
  errors.push(...nonNegative(at, count))
  const most = (limit: number, what: string) => {
    const detail = `must be less than or equal to ${limit} (the number of ${what})`
    if (count > limit) errors.push(invalid(at, count, detail))
  }
  most(completions, 'specified completions')
  if (indexes !== undefined) {
    most(typeof counted === 'number' ? counted : 0, 'indexes in the specified succeededIndexes field')
  }
  return errors
}

/** How many indexes a text such as `0,2-4` names, or what is wrong with it. */
function countIndexes(text: string, completions: number): number | string {
  if (text === '') return 0
  let last = -1
  let total = 0
  for (const interval of text.split(',')) {
    const parts = interval.split('-')
    if (parts.length > 2) {
      return `the fragment ${JSON.stringify(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`
    }
    for (const part of parts) {
      if (!/^\+?\d+$/.test(part)) return `cannot convert string to integer for index: ${JSON.stringify(part)}`
      if (Number(part) >= completions) return `too large index: ${JSON.stringify(part)}`
    }
    const [first = 0, end = first] = parts.map(Number)
    if (parts.length > 1 && first >= end) return `non-increasing order, previous: ${first}, current: ${end}`
    if (last >= first) return `non-increasing order, previous: ${last}, current: ${first}`
    total += end - first + 1
    last = end
  }
  return total
}
