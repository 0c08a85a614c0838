import { Duplex, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pods } from '../../api/generated/resources.ts'
import { ApiError } from '../../api/meta/status.ts'
import type { ObjectKey } from '../../api/object.ts'
import { startSpdySession } from '../../streams/spdy/spdy-session.ts'
import type { SpdySession } from '../../streams/spdy/spdy-session.ts'
import type { Endpoint } from '../http/connection.ts'
import { objectPath } from '../http/resource-path.ts'
import { channelsToPort } from './port-channels.ts'
import { dialWebSocket, SubprotocolError } from './web-socket.ts'

/** Connections to the ports of one pod, through the API server, all over one connection to it. */
export interface PortForwarder extends Disposable {
  /**
   * Connects to a port of the pod. The stream ends when the other side ends it, each direction on its own; it fails with
   * the node's words where nothing listens there (which shows at the first read, not here).
   */
  connect(port: number): Promise<Duplex>
  /** Resolves when the connection to the API server is gone, with the reason where nobody here closed it. */
  readonly closed: Promise<Error | undefined>
  close(): void
}

/** kubectl's own way: SPDY within a WebSocket. */
const TUNNEL = 'SPDY/3.1+portforward.k8s.io'

/**
 * Opens a forwarder to a pod. Rejects with an ApiError where the server refuses (no such pod, no right, not running).
 *
 * @example
 * using forwarder = await openPortForward(endpoint, { namespace: 'default', name: 'web' })
 * const stream = await forwarder.connect(8080)
 */
export async function openPortForward(
  endpoint: Endpoint,
  pod: ObjectKey,
  options: { readonly signal?: AbortSignal } = {},
): Promise<PortForwarder> {
  const path = objectPath(pods, pod, 'portforward')
  const { socket } = await dialWebSocket(endpoint, { path, protocols: [TUNNEL], signal: options.signal })
  const { createWebSocketStream } = await import('ws')
  const session = startSpdySession(createWebSocketStream(socket), { side: 'client' })
  let nextRequest = 0
  const close = () => session.close()
  return {
    connect: (port) => connectToPort(session, port, nextRequest++),
    closed: session.closed,
    close,
    [Symbol.dispose]: close,
  }
}

/** An error stream and a data stream with one request id are one connection; the error stream is only read. */
export async function connectToPort(session: SpdySession, port: number, request: number): Promise<Duplex> {
  const of = { port: String(port), requestID: String(request) }
  const errors = await session.open({ streamType: 'error', ...of })
  errors.end()
  const data = await session.open({ streamType: 'data', ...of })
  const failure = text(errors).catch(() => '')
  data.on('close', () => errors.destroy())
  async function* received() {
    yield* data
    // Where nothing listens the data just ends, and the reason may come after it.
    const message = await failure
    if (message !== '') throw new Error(`Cannot forward to port ${port}: ${message}`)
  }
  return Duplex.from({ readable: Readable.from(received(), { objectMode: false }), writable: data })
}

/**
 * One connection to a port of a pod, and nothing else. Goes through SPDY in a WebSocket, or through the plain WebSocket
 * channels of servers that do not know that (in which a direction cannot be ended on its own).
 */
export async function portForward(
  endpoint: Endpoint,
  pod: ObjectKey,
  port: number,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Duplex> {
  try {
    const forwarder = await openPortForward(endpoint, pod, options)
    const stream = await forwarder.connect(port)
    stream.on('close', () => forwarder.close())
    return stream
  } catch (error) {
    if (!isUnknownProtocol(error)) throw error
    return await channelsToPort(endpoint, pod, port, options.signal)
  }
}

/** An upgrade that a server does not know is answered with a 400 or 403 without details, or without a subprotocol. */
function isUnknownProtocol(error: unknown): boolean {
  if (error instanceof ApiError) return error.code === 400 && error.status.details === undefined
  return error instanceof SubprotocolError
}
