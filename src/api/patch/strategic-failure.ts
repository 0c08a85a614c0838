import type { JsonObject } from '../draft.ts'
import { goText } from '../meta/go-text.ts'
import { ApiError, apiError } from '../meta/status.ts'

/** Patches that Kubernetes knows to be malformed. */
const MALFORMED = {
  primitives: 'invalid patch format of primitive list',
  retainKeys: 'invalid patch format of retainKeys',
  order: 'invalid patch format of setElementOrder list',
} as const

export const malformed = (what: keyof typeof MALFORMED): ApiError => apiError('BadRequest', MALFORMED[what])

/** Any other failure of a strategic merge patch is a server error to Kubernetes, without a reason. */
export function failure(message: string, code = 500): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code })
}

export const noMergeKey = (item: JsonObject, key: string): ApiError =>
  failure(`map: ${goText(item)} does not contain declared merge key: ${key}`)

export const unknownDirective = (directive: unknown, item: JsonObject): ApiError =>
  failure(
    `unknown patch type: ${typeof directive === 'number' ? `%!s(int64=${directive})` : goText(directive)} in map: ${goText(item)}`,
  )

export const badType = (expected: string, value: unknown): ApiError =>
  failure(`expected a ${expected}, but received a ${goTypeOf(value)}`)

export function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)'
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  return typeof value === 'string' ? 'string' : 'map[string]interface {}'
}
