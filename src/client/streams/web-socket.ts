import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { Endpoint } from '../http/connection.ts'
import { tlsOptions } from '../http/connection.ts'
import { failureOf, readAll } from '../http/response.ts'

export interface DialOptions {
  /** With the query. */
  readonly path: string
  /** Subprotocols, the preferred one first; the server chooses one, or refuses. */
  readonly protocols: readonly string[]
  readonly signal?: AbortSignal | undefined
}

export interface DialledSocket {
  readonly socket: WebSocket
  /** The one of `protocols` that the server chose. */
  readonly protocol: string
}

/** The server opened a WebSocket and chose no subprotocol that was asked for: it does not know them. */
export class SubprotocolError extends Error {
  override readonly name = 'SubprotocolError'

  constructor(asked: readonly string[], chosen: string) {
    super(`Cannot open a stream: the server chose "${chosen}", expected one of ${asked.join(', ')}`)
  }
}

/** A server that never answers is given up after this. */
const HANDSHAKE_TIMEOUT_MS = 30_000
/** The biggest message that is taken. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/**
 * Opens a WebSocket to the API server. Resolves when it is open, paused; rejects with the ApiError of a server that says no, else
 * with Node's error.
 */
export async function dialWebSocket(endpoint: Endpoint, options: DialOptions): Promise<DialledSocket> {
  const { WebSocket } = await import('ws')
  const { path, protocols, signal } = options
  signal?.throwIfAborted()
  const url = endpoint.server.replace(/^http/, 'ws').replace(/\/$/, '') + path
  const authorization = endpoint.token === undefined ? {} : { authorization: `Bearer ${endpoint.token}` }
  const socket = new WebSocket(url, {
    ...tlsOptions(endpoint),
    headers: {
      'user-agent': 'shoal',
      'sec-websocket-protocol': protocols.join(', '),
      ...authorization,
      ...endpoint.headers,
      ...(await endpoint.authorize?.()),
    },
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  })
  let chosen = ''
  // The names of Kubernetes' subprotocols have characters that RFC 6455 does not allow, and that the library refuses:
  // so they are asked for and looked at here, behind its back.
  socket.once('upgrade', (response) => {
    chosen = response.headers['sec-websocket-protocol'] ?? ''
    delete response.headers['sec-websocket-protocol']
  })
  return await new Promise((resolve, reject) => {
    const abort = () => socket.terminate()
    signal?.addEventListener('abort', abort, { once: true })
    const settle = (error?: unknown) => {
      signal?.removeEventListener('abort', abort)
      if (error === undefined && protocols.includes(chosen)) return resolve({ socket, protocol: chosen })
      socket.on('error', () => {})
      socket.terminate()
      reject(signal?.aborted === true ? signal.reason : (error ?? new SubprotocolError(protocols, chosen)))
    }
    socket.once('open', () => {
      // Nothing may arrive before somebody listens: whoever takes the socket resumes it.
      socket.pause()
      settle()
    })
    socket.once('error', settle)
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      readAll(response).then((bytes) => settle(failureOf(response, bytes)), settle)
    })
  })
}
