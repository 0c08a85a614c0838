import type { LabelSelector } from '../generated/meta-v1.ts'
import { forbidden, invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { labelKeyProblems, labelValueProblems } from '../meta/names.ts'
import { validateLabels } from './object-meta.ts'

export function validateLabelSelector(selector: LabelSelector | undefined, path: string): FieldError[] {
  if (selector === undefined || selector === null) return []
  const errors = validateLabels(selector.matchLabels, `${path}.matchLabels`)
  ;(selector.matchExpressions ?? []).forEach((expression, i) => {
    errors.push(...validateExpression(expression, `${path}.matchExpressions[${i}]`))
  })
  return errors
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

function validateExpression({ key, operator, values = [] }: Expression, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (operator === 'In' || operator === 'NotIn') {
    const detail = "must be specified when `operator` is 'In' or 'NotIn'"
    if (values.length === 0) errors.push(required(`${path}.values`, detail))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
    if (values.length > 0) errors.push(forbidden(`${path}.values`, detail))
  } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  errors.push(...labelKeyProblems(key).map((problem) => invalid(`${path}.key`, key, problem)))
  values.forEach((value, i) => {
    errors.push(...labelValueProblems(value).map((problem) => invalid(`${path}.values[${i}]`, value, problem)))
  })
  return errors
}
