import { apiError } from './status.ts'
import type { ApiError } from './status.ts'

/** Why a field's value is refused, in Kubernetes' terms. */
export type FieldErrorReason = keyof typeof MESSAGES

const MESSAGES = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  InternalError: 'Internal error',
  FieldValueTypeInvalid: 'Invalid value',
} as const

/** One fault of one field; `message` is without the field's path, as in a Status' causes. */
export interface FieldError {
  readonly reason: FieldErrorReason
  readonly field: string
  readonly message: string
}

export function required(field: string, detail = ''): FieldError {
  return { reason: 'FieldValueRequired', field, message: withDetail('Required value', detail) }
}

/** `value` is shown as Kubernetes shows it: strings quoted, objects as JSON. */
export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { reason: 'FieldValueInvalid', field, message: withDetail(`Invalid value: ${shown(value)}`, detail) }
}

/** As {@link invalid}, of a value that is not shown. */
export const invalidFor = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: withDetail('Invalid value', detail),
})

export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { reason: 'FieldValueTypeInvalid', field, message: withDetail(`Invalid value: ${shown(value)}`, detail) }
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const quoted = supported.map((one) => JSON.stringify(one)).join(', ')
  const detail = supported.length === 0 ? '' : `supported values: ${quoted}`
  return { reason: 'FieldValueNotSupported', field, message: withDetail(`Unsupported value: ${shown(value)}`, detail) }
}

export function duplicate(field: string, value: unknown): FieldError {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${shown(value)}` }
}

export function notFound(field: string, value: unknown): FieldError {
  return { reason: 'FieldValueNotFound', field, message: `Not found: ${shown(value)}` }
}

export function forbidden(field: string, detail: string): FieldError {
  return { reason: 'FieldValueForbidden', field, message: withDetail('Forbidden', detail) }
}

export function tooLong(field: string, maximumBytes: number): FieldError {
  return { reason: 'FieldValueTooLong', field, message: `Too long: may not be more than ${maximumBytes} bytes` }
}

export function tooMany(field: string, actual: number, maximum: number): FieldError {
  const message = `Too many: ${actual}: must have at most ${maximum} ${maximum === 1 ? 'item' : 'items'}`
  return { reason: 'FieldValueTooMany', field, message }
}

/** The answer 422 for an object with faults: `Pod "x" is invalid: ...`, with a cause for each. */
export function invalidError(
  type: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): ApiError {
  const kind = type.group === '' ? type.kind : `${type.kind}.${type.group}`
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))]
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  const causes = errors.map(({ reason, message, field }) => ({ reason, message, field }))
  const group = type.group === '' ? {} : { group: type.group }
  const facts = { ...(name === '' ? {} : { name }), ...group, ...(type.kind !== '' && { kind: type.kind }), causes }
  return apiError('Invalid', `${kind} ${JSON.stringify(name)} is invalid: ${list}`, facts)
}

function withDetail(head: string, detail: string): string {
  return detail === '' ? head : `${head}: ${detail}`
}

function shown(value: unknown): string {
  if (typeof value === 'string') return goQuote(value)
  if (value === undefined || value === null) return 'null'
  return JSON.stringify(value).replaceAll(/[<>&]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)
}

/** A text as Go's `%q` writes it, which differs from JSON in control characters. */
function goQuote(text: string): string {
  const short: Readonly<Record<string, string>> = { '\\u0007': '\\a', '\\u000b': '\\v' }
  return JSON.stringify(text).replaceAll(/\\u00[01]./g, (code) => short[code] ?? `\\x${code.slice(4)}`)
}
