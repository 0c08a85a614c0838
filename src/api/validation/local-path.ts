import { invalid } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'

/** Of a path that must stay below where it starts. */
export function validateLocalPath(path: string, value: string): FieldError[] {
  const absolute = value.startsWith('/') ? [invalid(path, value, 'must be a relative path')] : []
  return [...absolute, ...validateNoBacksteps(path, value)]
}

export function validateNoBacksteps(path: string, value: string): FieldError[] {
  return value.split('/').includes('..') ? [invalid(path, value, "must not contain '..'")] : []
}
