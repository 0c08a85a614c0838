import { invalid } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'

/** The fault of a negative number, or nothing. */
export function nonNegative(path: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(path, value, 'must be greater than or equal to 0')] : []
}

export function atLeast(path: string, value: number | undefined, minimum: number): FieldError[] {
  if (value === undefined || value >= minimum) return []
  return [invalid(path, value, `must be greater than or equal to ${minimum}`)]
}

export function positive(path: string, value: number | undefined): FieldError[] {
  return value !== undefined && value <= 0 ? [invalid(path, value, 'must be greater than zero')] : []
}

const PERCENT = /^[0-9]+%$/

/** A number of pods or a share of them. */
export function validateIntOrPercent(path: string, value: string | number | undefined): FieldError[] {
  if (typeof value === 'number') return nonNegative(path, value)
  if (value === undefined || PERCENT.test(value)) return []
  const detail = `a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`
  return [invalid(path, value, detail)]
}

export function notOverHundredPercent(path: string, value: string | number | undefined): FieldError[] {
  if (typeof value !== 'string' || !PERCENT.test(value)) return []
  return Number.parseInt(value, 10) > 100 ? [invalid(path, value, 'must not be greater than 100%')] : []
}

/** Zero, or zero per cent. */
export function isNoShare(value: string | number | undefined): boolean {
  // What is neither a share nor a number counts as none.
  if (typeof value !== 'string') return (value ?? 0) === 0
  return (PERCENT.test(value) || /^[+-]?\d+$/.test(value) ? Number.parseInt(value, 10) : 0) === 0
}
