import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { apiError } from '../../api/meta/status.ts'
import type { Clock } from '../../env/clock.ts'
import type { TokenSigner } from '../subresources/token-signer.ts'
import type { UserInfo } from '../verbs/request.ts'

/** Finds out who sends a request; rejects with Unauthorized where credentials are shown that do not hold. */
export interface Authenticator {
  authenticate(request: IncomingMessage): UserInfo | Promise<UserInfo>
}

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

const AUTHENTICATED = 'system:authenticated'

/** How long a token that was verified is believed without verifying it again, as in Kubernetes. */
const TOKEN_CACHE_MS = 10_000
const TOKEN_CACHE_LIMIT = 1000

export interface AuthenticatorOptions {
  readonly clock: Clock
  readonly tokens?: TokenSigner
  /** Tokens that are known beforehand, such as one that an embedding program was given. */
  readonly staticTokens?: ReadonlyMap<string, UserInfo>
}

/**
 * Client certificates first (common name: user, organizations: groups), then bearer tokens, then anonymous. The TLS
 * server must ask for certificates and leave their judgement to us: one that our authority did not issue is refused here.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const bySocket = new WeakMap<object, UserInfo>()
  const authenticateToken = tokenAuthenticator(options)
  return {
    authenticate(request) {
      const { authorization } = request.headers
      if (authorization !== undefined) return authenticateToken(authorization)
      const known = bySocket.get(request.socket)
      if (known !== undefined) return known
      const user = certificateUser(request.socket as TLSSocket) ?? ANONYMOUS
      bySocket.set(request.socket, user)
      return user
    },
  }
}

function certificateUser(socket: TLSSocket): UserInfo | undefined {
  if (!socket.encrypted) return undefined
  const { subject, fingerprint256 } = socket.getPeerCertificate() ?? {}
  if (subject === undefined) return undefined
  if (!socket.authorized) throw unauthorized()
  const organizations: unknown = subject.O ?? []
  const groups = (Array.isArray(organizations) ? organizations : [organizations]).map(String)
  const id = `X509SHA256=${String(fingerprint256).replaceAll(':', '').toLowerCase()}`
  const extra = { 'authentication.kubernetes.io/credential-id': [id] }
  return authenticated({ name: String(subject.CN ?? ''), groups, extra })
}

function tokenAuthenticator({ clock, tokens, staticTokens }: AuthenticatorOptions) {
  const cache = new Map<string, { readonly user: UserInfo; readonly until: number }>()
  return async (authorization: string): Promise<UserInfo> => {
    const token = /^Bearer (\S+)$/i.exec(authorization)?.[1]
    if (token === undefined) throw unauthorized()
    const fixed = staticTokens?.get(token)
    if (fixed !== undefined) return authenticated(fixed)
    const cached = cache.get(token)
    if (cached !== undefined && cached.until > clock.monotonicMs()) return cached.user
    const review = await tokens?.review(token, tokens.defaultAudiences)
    if (review?.authenticated !== true) throw unauthorized()
    const user = authenticated(review.user)
    if (cache.size >= TOKEN_CACHE_LIMIT) cache.clear()
    cache.set(token, { user, until: clock.monotonicMs() + TOKEN_CACHE_MS })
    return user
  }
}

function authenticated(user: UserInfo): UserInfo {
  return user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] }
}

function unauthorized() {
  return apiError('Unauthorized', 'Unauthorized')
}
