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
 * server must ask for certificates and leave their judgement to us: one that our authority did not issue is refused here,
 * unless a token says who it is. Other schemes than bearer are nobody's: whoever uses them is anonymous.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const bySocket = new WeakMap<object, UserInfo | 'none' | 'refused'>()
  const authenticateToken = tokenAuthenticator(options)
  return {
    authenticate(request) {
      let known = bySocket.get(request.socket)
      if (known === undefined) bySocket.set(request.socket, (known = certificateUser(request.socket as TLSSocket)))
      if (typeof known !== 'string') return known
      const token = tokenOf(request)
      if (token !== undefined) return authenticateToken(token)
      if (known === 'refused') throw unauthorized()
      return ANONYMOUS
    },
  }
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const { authorization } = headers
  if (authorization === undefined) return socketToken(headers)
  return /^bearer +(\S+)/i.exec(authorization.trim())?.[1]
}

const SOCKET_TOKEN = 'base64url.bearer.authorization.k8s.io.'

/**
 * Browsers can give a WebSocket no header, so the token may come as one of its subprotocols, beside another. It is taken from
 * the request, so that nobody answers with it.
 */
function socketToken(headers: IncomingMessage['headers']): string | undefined {
  const offered = headers['sec-websocket-protocol']?.split(',').map((one) => one.trim()) ?? []
  const found = offered.find((one) => one.startsWith(SOCKET_TOKEN))
  if (found === undefined || offered.length < 2) return undefined
  headers['sec-websocket-protocol'] = offered.filter((one) => one !== found).join(', ')
  return Buffer.from(found.slice(SOCKET_TOKEN.length), 'base64url').toString()
}

function certificateUser(socket: TLSSocket): UserInfo | 'none' | 'refused' {
  if (!socket.encrypted) return 'none'
  const { subject, fingerprint256 } = socket.getPeerCertificate() ?? {}
  if (subject === undefined) return 'none'
  if (!socket.authorized) return 'refused'
  const organizations: unknown = subject.O ?? []
  const groups = (Array.isArray(organizations) ? organizations : [organizations]).map(String)
  const id = `X509SHA256=${String(fingerprint256).replaceAll(':', '').toLowerCase()}`
  const extra = { 'authentication.kubernetes.io/credential-id': [id] }
  return authenticated({ name: String(subject.CN ?? ''), groups, extra })
}

function tokenAuthenticator({ clock, tokens, staticTokens }: AuthenticatorOptions) {
  const cache = new Map<string, { readonly user: UserInfo; readonly until: number }>()
  return async (token: string): Promise<UserInfo> => {
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
