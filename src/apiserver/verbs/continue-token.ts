import { posix } from 'node:path'
import { jsonProblem } from '../../api/meta/json-problem.ts'
import { ApiError, apiError } from '../../api/meta/status.ts'

/** Where a list goes on: opaque to clients, of the same form as Kubernetes' own. */
export interface ContinueToken {
  /** The revision of the first page; 0 where the client took up an inconsistent list after it had been compacted. */
  readonly revision: number
  /** The last key sent, with its namespace. */
  readonly after: string
  /** How many objects earlier pages have passed, so that what remains need not be counted again. */
  readonly passed: number
}

interface Encoded {
  readonly v: string
  readonly rv: number
  readonly start: string
  readonly n?: number
}

const VERSION = 'meta.k8s.io/v1'

export function encodeContinue(token: ContinueToken): string {
  const encoded: Encoded = { v: VERSION, rv: token.revision, start: `${token.after}\0`, n: token.passed }
  return Buffer.from(JSON.stringify(encoded)).toString('base64url')
}

/** Reads a token that a client sent back; throws BadRequest in Kubernetes' words for anything else. */
export function decodeContinue(text: string): ContinueToken {
  const illegal = /[^A-Za-z0-9_-]/.exec(text)
  if (illegal !== null) throw refuse(`continue key is not valid: illegal base64 data at input byte ${illegal.index}`)
  const bytes = Buffer.from(text, 'base64url')
  const { v = '', rv = 0, start, n } = parse(bytes)
  if (v !== VERSION) throw refuse('continue key is not valid: server does not recognize this encoded version ' + v)
  if (!Number.isSafeInteger(rv) || rv === 0)
    throw refuse('continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  if (typeof start !== 'string' || start === '')
    throw refuse('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)')
  // A key that climbs out of its folder could reach other resources' in Kubernetes.
  const key = start.startsWith('/') ? start : `/${start}`
  if (posix.normalize(key) !== key) throw refuse(`continue key is not valid: ${start}`)
  const after = start.endsWith('\0') ? start.slice(0, -1) : start
  return { revision: Math.max(rv, 0), after, passed: typeof n === 'number' ? n : 0 }
}

function parse(bytes: Buffer): Encoded {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    if (typeof value === 'object' && value !== null) return value as Encoded
  } catch {
    // Told below, as Go's decoder words it.
  }
  throw refuse(`continue key is not valid: ${jsonProblem(bytes.toString('latin1')) ?? 'json: cannot unmarshal'}`)
}

function refuse(why: string) {
  return apiError('BadRequest', `invalid continue token: ${why}`)
}

/** The answer to a page of a list whose revision is compacted, with a token that goes on inconsistently. */
export function continueExpired(token: ContinueToken): ApiError {
  const encoded: Encoded = { v: VERSION, rv: -1, start: `${token.after}\0` }
  const next = Buffer.from(JSON.stringify(encoded)).toString('base64url')
  const { status } = apiError(
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
  )
  return new ApiError({ ...status, metadata: { continue: next } })
}
