import type { Status, StatusCause } from '../generated/meta-v1.ts'

/**
 * Why a request failed, in Kubernetes' words. Clients match on these; each has its HTTP code in {@link STATUS_CODES}.
 */
export type StatusReason = keyof typeof STATUS_CODES

/** The HTTP code of each reason, as Kubernetes assigns them. */
export const STATUS_CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServerTimeout: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
} as const

/** What a failed request was about, as a Status' `details` carry it. */
export interface StatusFacts {
  readonly name?: string
  readonly group?: string
  /** The resource's plural, or its kind where validation failed: as Kubernetes does. */
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

/** An answer of the API server that says no: the same Status whether it came over HTTP or from within the process. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: Status

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'unknown', options)
    this.status = status
  }

  /** The HTTP status code. */
  get code(): number {
    return this.status.code ?? 500
  }

  get reason(): string {
    return this.status.reason ?? ''
  }
}

/** A failure for an API client, with the code that belongs to `reason`. */
export function apiError(reason: StatusReason, message: string, facts?: StatusFacts): ApiError {
  const details = facts === undefined ? {} : { details: facts }
  const status = { status: 'Failure', message, reason, ...details, code: STATUS_CODES[reason] }
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, ...status })
}

/** Whether `error` is an {@link ApiError} with that reason. */
export function hasReason(error: unknown, reason: StatusReason): error is ApiError {
  return error instanceof ApiError && error.reason === reason
}
