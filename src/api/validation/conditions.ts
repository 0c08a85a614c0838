import type { Condition } from '../generated/meta-v1.ts'
import { duplicate, invalid, notSupported, required, tooLong } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { labelKeyProblems } from '../meta/names.ts'
import { named } from './object-meta.ts'

const STATUSES = ['False', 'True', 'Unknown']
const REASON = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/
const REASON_PROBLEM =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', " +
  "and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  " +
  "or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"
const LONGEST_REASON = 1024
const LONGEST_MESSAGE = 32 * 1024

/** Conditions of the form that all newer kinds share, one of each type. */
export function validateConditions(conditions: readonly Condition[] | undefined, path: string): FieldError[] {
  return (conditions ?? []).flatMap((condition, i) => {
    const at = `${path}[${i}]`
    const isRepeated = (conditions ?? []).findIndex(({ type }) => type === condition.type) < i
    return [...(isRepeated ? [duplicate(`${at}.type`, condition.type)] : []), ...validateCondition(condition, at)]
  })
}

function validateCondition(condition: Condition, at: string): FieldError[] {
  const { type = '', status = '', observedGeneration = 0, lastTransitionTime, reason = '', message = '' } = condition
  const errors = named(`${at}.type`, type, labelKeyProblems(type))
  if (!STATUSES.includes(status)) errors.push(notSupported(`${at}.status`, status, STATUSES))
  if (observedGeneration < 0) {
    errors.push(invalid(`${at}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'))
  }
  if (!lastTransitionTime) errors.push(required(`${at}.lastTransitionTime`))
  if (reason === '') errors.push(required(`${at}.reason`))
  else if (!REASON.test(reason)) errors.push(invalid(`${at}.reason`, reason, REASON_PROBLEM))
  if (reason.length > LONGEST_REASON) errors.push(tooLong(`${at}.reason`, LONGEST_REASON))
  if (message.length > LONGEST_MESSAGE) errors.push(tooLong(`${at}.message`, LONGEST_MESSAGE))
  return errors
}
