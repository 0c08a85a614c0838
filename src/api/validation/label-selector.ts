import type { LabelSelector } from '../generated/meta-v1.ts'
import { forbidden, invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { labelKeyProblems, labelValueProblems } from '../meta/names.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { goForm } from './go-form.ts'
import { immutable, validateLabels } from './object-meta.ts'

export function validateLabelSelector(selector: LabelSelector | undefined, path: string): FieldError[] {
  if (selector === undefined || selector === null) return []
  const errors = validateLabels(selector.matchLabels, `${path}.matchLabels`)
  ;(selector.matchExpressions ?? []).forEach((expression, i) => {
    errors.push(...validateExpression(expression, `${path}.matchExpressions[${i}]`))
  })
  return errors
}

/** The fault of a selector that differs from what it was, or nothing. */
export const unlessSameSelector = (path: string, selector: unknown, old: unknown): FieldError[] =>
  semanticallyEqual(selector, old) ? [] : [immutable(path, goForm('*metav1.LabelSelector', selector))]

/** What is wrong with the number of values, by the operators that all selectors share; undefined for any other operator. */
export function validateSetOperator(
  operator: string,
  values: readonly string[],
  path: string,
): readonly FieldError[] | undefined {
  if (operator === 'In' || operator === 'NotIn') {
    const detail = "must be specified when `operator` is 'In' or 'NotIn'"
    return values.length === 0 ? [required(`${path}.values`, detail)] : []
  }
  if (operator !== 'Exists' && operator !== 'DoesNotExist') return undefined
  const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
  return values.length > 0 ? [forbidden(`${path}.values`, detail)] : []
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

function validateExpression({ key, operator, values = [] }: Expression, path: string): FieldError[] {
  const unknown = invalid(`${path}.operator`, operator, 'not a valid selector operator')
  const errors = [...(validateSetOperator(operator, values, path) ?? [unknown])]
  errors.push(...labelKeyProblems(key).map((problem) => invalid(`${path}.key`, key, problem)))
  values.forEach((value, i) => {
    errors.push(...labelValueProblems(value).map((problem) => invalid(`${path}.values[${i}]`, value, problem)))
  })
  return errors
}
