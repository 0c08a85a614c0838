import { ApiError } from '../../api/meta/status.ts'
import { ClusterError } from '../cluster-error.ts'
import type { ClusterErrorCode } from '../cluster-error.ts'
import type { CarriedError } from './messages.ts'

/** Makes an error ready to cross to another thread. */
export function carry(error: unknown): CarriedError {
  if (error instanceof ApiError) return { name: error.name, message: error.message, status: error.status }
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack } = error
  const facts = error instanceof ClusterError ? { code: error.code, hint: error.hint } : {}
  return { name, message, ...facts, ...(stack !== undefined && { stack }) }
}

/** The error as it was thrown on the other side, of the same class where that is one of ours. */
export function uncarry(carried: CarriedError): Error {
  if (carried.status !== undefined) return new ApiError(carried.status)
  const { message, code, hint = '' } = carried
  if (carried.name === 'ClusterError') return new ClusterError(code as ClusterErrorCode, message, hint)
  const error = carried.name === 'TypeError' ? new TypeError(message) : new Error(message)
  error.name = carried.name
  if (carried.stack !== undefined) error.stack = carried.stack
  return error
}
