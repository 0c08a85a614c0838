import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { SubjectAccessReview } from '../../api/generated/authorization-v1.ts'
import type { TokenReview } from '../../api/generated/authentication-v1.ts'
import { subjectAccessReviews, tokenReviews } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import type { Clock } from '../../env/clock.ts'

/** Who may ask a node what: answered by the API server, as a kubelet has it (webhook authentication and authorization). */
export interface NodeAccess {
  /** Resolves to undefined where the request may go on, else to what it is refused with. */
  refusalOf(request: IncomingMessage, subresources: readonly string[]): Promise<Refusal | undefined>
}

export interface Refusal {
  readonly code: 401 | 403 | 500
  readonly message: string
}

interface User {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
}

/** The kubelet's figures: how long an answer of the API server is believed. */
const TOKEN_MS = 120_000
const ALLOWED_MS = 300_000
const REFUSED_MS = 30_000
const CACHE_LIMIT = 1_000

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** `client` acts as the node, which may ask for reviews; a client certificate must have been verified by the TLS server. */
export function createNodeAccess(clock: Clock, client: Client, nodeName: string): NodeAccess {
  const users = createCache<User | undefined>(clock)
  const decisions = createCache<boolean>(clock)
  return {
    async refusalOf(request, subresources) {
      const user = certificateUser(request) ?? (await tokenUser(client, users, request.headers.authorization))
      if (user === undefined) return { code: 401, message: 'Unauthorized' }
      const verb = VERBS[request.method ?? ''] ?? ''
      for (const subresource of subresources) {
        const key = JSON.stringify([user, verb, subresource])
        const known = decisions.get(key)
        const isAllowed = known ?? (await review(client, nodeName, user, verb, subresource))
        if (known === undefined) decisions.set(key, isAllowed, isAllowed ? ALLOWED_MS : REFUSED_MS)
        if (isAllowed) return undefined
      }
      const facts = `user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}]`
      return { code: 403, message: `Forbidden (${facts})` }
    },
  }
}

/** A certificate that our authority did not issue is as none: whoever shows it may have a token yet. */
function certificateUser({ socket }: IncomingMessage): User | undefined {
  const tls = socket as Partial<TLSSocket>
  if (tls.authorized !== true) return undefined
  const { subject } = tls.getPeerCertificate?.() ?? {}
  if (subject?.CN === undefined) return undefined
  const organizations: unknown = subject.O ?? []
  const groups = (Array.isArray(organizations) ? organizations : [organizations]).map(String)
  return { name: String(subject.CN), groups: [...groups, 'system:authenticated'] }
}

async function tokenUser(
  client: Client,
  users: Cache<User | undefined>,
  authorization: string | undefined,
): Promise<User | undefined> {
  const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) return undefined
  const known = users.get(token)
  if (known !== undefined) return known
  const asked: TokenReview = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata: {},
    spec: { token },
  }
  const { status } = await client.create(tokenReviews, asked)
  if (status?.authenticated !== true) return undefined
  const { username = '', uid, groups = [] } = status.user ?? {}
  const user = { name: username, groups, ...(uid !== undefined && { uid }) }
  users.set(token, user, TOKEN_MS)
  return user
}

async function review(
  client: Client,
  nodeName: string,
  { name, uid, groups }: User,
  verb: string,
  subresource: string,
): Promise<boolean> {
  const asked: SubjectAccessReview = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      user: name,
      groups,
      ...(uid !== undefined && { uid }),
      resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: nodeName },
    },
  }
  const { status } = await client.create(subjectAccessReviews, asked)
  return status?.allowed === true
}

interface Cache<V> {
  get(key: string): V | undefined
  set(key: string, value: V, forMs: number): void
}

function createCache<V>({ monotonicMs }: Clock): Cache<V> {
  const entries = new Map<string, { readonly value: V; readonly untilMs: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      return entry !== undefined && entry.untilMs > monotonicMs() ? entry.value : undefined
    },
    set(key, value, forMs) {
      if (entries.size >= CACHE_LIMIT) entries.clear()
      entries.set(key, { value, untilMs: monotonicMs() + forMs })
    },
  }
}
