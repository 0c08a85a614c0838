import type { FieldError } from '../../api/meta/field-error.ts'
import { invalid, notSupported, required } from '../../api/meta/field-error.ts'
import type { JsonSchema, ValidationRule } from './json-schema.ts'
import { fieldAt } from './schema-path.ts'

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

const hasLineBreaks = (text: string) => /[\n\r]/.test(text)

/** What is wrong with a rule but for what it computes. */
export function validateRule(schema: JsonSchema, rule: ValidationRule, at: string): FieldError[] {
  const { message = '', messageExpression = '', reason, fieldPath = '' } = rule
  const [text, told] = [rule.rule.trim(), message.trim()]
  const errors: FieldError[] = []
  if (text === '') errors.push(required(`${at}.rule`, 'rule is not specified'))
  else if (message !== '' && told === '') {
    errors.push(invalid(`${at}.message`, message, 'must be non-empty if specified'))
  } else if (hasLineBreaks(told)) errors.push(invalid(`${at}.message`, message, 'must not contain line breaks'))
  else if (hasLineBreaks(text) && told === '') {
    errors.push(required(`${at}.message`, 'message must be specified if rule contains line breaks'))
  }
  if (messageExpression !== '' && messageExpression.trim() === '') {
    errors.push(required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'))
  }
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${at}.reason`, reason, REASONS))
  const refuse = (detail: string) => errors.push(invalid(`${at}.fieldPath`, fieldPath, detail))
  if (fieldPath === '') return errors
  if (fieldPath.trim() === '') refuse('must be non-empty if specified')
  if (hasLineBreaks(fieldPath)) refuse('must not contain line breaks')
  if (typeof fieldAt(schema, fieldPath, true) === 'string') refuse('must be a valid path')
  return errors
}
