import type { IncomingMessage, RequestOptions } from 'node:http'
import { Agent, request as secureRequest } from 'node:https'

// An import of `node:http`, which `node:https` does without, would load Node's `fetch` too: 9 MB and 15 ms.
const { request: plainRequest, Agent: PlainAgent } = process.getBuiltinModule('node:http')

/** Where an API server is and how it is talked to: what a kubeconfig's context says. All certificates and keys in PEM. */
export interface Endpoint {
  /** Such as `https://127.0.0.1:6443`, perhaps with a path before Kubernetes' own. */
  readonly server: string
  readonly certificateAuthority?: string
  readonly clientCertificate?: string
  readonly clientKey?: string
  readonly token?: string
  /** The name to expect in the server's certificate, where it is not the host of `server`. */
  readonly tlsServerName?: string
  /** Believes any certificate: only where somebody has said so. */
  readonly insecureSkipTlsVerify?: boolean
  /** Extra headers for each request, such as those of impersonation. */
  readonly headers?: Readonly<Record<string, string>>
  /** Headers that have to be asked for before each request, such as a token that expires. */
  readonly authorize?: () => Promise<Readonly<Record<string, string>>>
}

export interface HttpRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly body?: string | Uint8Array
  readonly contentType?: string
  /** In place of JSON. */
  readonly accept?: string
  readonly signal?: AbortSignal
  /** Opens a connection of its own, for answers that have no end. */
  readonly streaming?: boolean
}

/** Sends requests over connections that are kept open. Rejects with Node's error where the server cannot be reached. */
export interface Connection {
  send(request: HttpRequest): Promise<IncomingMessage>
  close(): void
}

/** At most this many requests are under way at once; more wait. Watches and logs have connections of their own. */
const MAX_SOCKETS = 32

export function openConnection(endpoint: Endpoint, userAgent: string): Connection {
  const url = new URL(endpoint.server)
  const secure = url.protocol === 'https:'
  const tls = secure ? tlsOptions(endpoint) : {}
  const createAgent = (limits: object) => (secure ? new Agent({ ...tls, ...limits }) : new PlainAgent(limits))
  const shared = createAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS })
  const streams = createAgent({ keepAlive: false })
  const base = url.pathname.replace(/\/$/, '')
  const headers = {
    accept: 'application/json',
    'user-agent': userAgent,
    ...(endpoint.token === undefined ? {} : { authorization: `Bearer ${endpoint.token}` }),
    ...endpoint.headers,
  }
  const target = { protocol: url.protocol, hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port }
  return {
    send: (request) => {
      const agent = request.streaming === true ? streams : shared
      const options = { ...target, agent, method: request.method, path: base + request.path }
      const send = (more: Readonly<Record<string, string>>) =>
        sendRequest(secure, { ...options, headers: { ...headers, ...more, ...ownHeaders(request) } }, request)
      return endpoint.authorize === undefined ? send({}) : endpoint.authorize().then(send)
    },
    close() {
      shared.destroy()
      streams.destroy()
    },
  }
}

/** What a TLS connection to the endpoint is made with; for plain HTTP it has no effect. */
export function tlsOptions(endpoint: Endpoint) {
  return {
    ...(endpoint.certificateAuthority === undefined ? {} : { ca: endpoint.certificateAuthority }),
    ...(endpoint.clientCertificate === undefined ? {} : { cert: endpoint.clientCertificate }),
    ...(endpoint.clientKey === undefined ? {} : { key: endpoint.clientKey }),
    ...(endpoint.tlsServerName === undefined ? {} : { servername: endpoint.tlsServerName }),
    ...(endpoint.insecureSkipTlsVerify === true ? { rejectUnauthorized: false } : {}),
  }
}

function ownHeaders({ body, contentType, accept }: HttpRequest): Record<string, string | number> {
  const wanted = accept === undefined ? {} : { accept }
  if (body === undefined) return wanted
  return { ...wanted, 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }
}

function sendRequest(
  secure: boolean,
  options: RequestOptions,
  { body, signal }: HttpRequest,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const request = (secure ? secureRequest : plainRequest)(options)
    const abort = () => request.destroy(signal?.reason instanceof Error ? signal.reason : undefined)
    signal?.addEventListener('abort', abort, { once: true })
    request.on('close', () => signal?.removeEventListener('abort', abort))
    request.on('response', resolve)
    request.on('error', (error) => reject(signal?.aborted ? signal.reason : error))
    request.setNoDelay(true)
    request.end(body)
  })
}
