import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { KeyPair } from '../../identity/authority.ts'
import type { UserInfo } from '../verbs/request.ts'
import type { RemoteService } from './remote-service.ts'

/** One request on its way to another API server. */
export interface Forwarded {
  readonly address: { readonly host: string; readonly port: number }
  readonly service: RemoteService
  /** With its query. */
  readonly url: string
  readonly method: string
  readonly headers: OutgoingHttpHeaders
  /** What we show ourselves as; the other server believes the headers of whoever holds it. */
  readonly identity: KeyPair | undefined
  readonly signal: AbortSignal
}

/** Begins a request to the server behind an APIService. */
export async function forward(request: Forwarded): Promise<ClientRequest> {
  const https = await import('node:https')
  const { address, service, url, method, headers, identity, signal } = request
  return https.request({
    host: address.host,
    port: address.port,
    path: url,
    method,
    headers: { ...headers, host: `${service.name}.${service.namespace}.svc` },
    servername: `${service.name}.${service.namespace}.svc`,
    rejectUnauthorized: !service.insecure,
    ...(service.authority !== undefined && { ca: service.authority }),
    ...(identity !== undefined && { cert: identity.certificate, key: identity.key }),
    signal,
  })
}

/** Resolves with the answer's head. */
export function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
}

/** Who we are is told by our certificate; these would speak of the connection (HTTP/2's with a colon), or of an identity of the client's own. */
const DROPPED =
  /^(:.*|authorization|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|x-remote-.*|impersonate-.*)$/

/** The client's headers, and the identity that we have found it to have. */
export function forwardedHeaders(headers: IncomingHttpHeaders, user: UserInfo, auditId?: string): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !DROPPED.test(name))
  const extra = Object.entries(user.extra ?? {}).map(
    ([key, values]) => [`x-remote-extra-${encodeURIComponent(key.toLowerCase())}`, [...values]] as const,
  )
  return {
    ...Object.fromEntries(kept),
    ...(auditId !== undefined && { 'audit-id': auditId }),
    'x-remote-user': user.name,
    ...(user.uid !== undefined && { 'x-remote-uid': user.uid }),
    'x-remote-group': [...user.groups],
    ...Object.fromEntries(extra),
  }
}
