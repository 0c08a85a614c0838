import type { Http2Server, ServerHttp2Session } from 'node:http2'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import type { TLSSocket } from 'node:tls'

type Handle = (request: IncomingMessage, response: ServerResponse) => void

/** As Kubernetes' server lets one connection have at once. */
const MAX_STREAMS = 1_000
const MAX_HEADER_BYTES = 1 << 20
/** Of one connection's streams together, in MB: one with more waiting than that is ended. */
const MAX_SESSION_MB = 128
/** What a client may send of one body before it is read. */
const WINDOW_BYTES = 1 << 20

/** What a client may ask for when the connection begins, dearest first. */
export const ALPN_PROTOCOLS = ['h2', 'http/1.1']

/**
 * Serves HTTP/2 to clients that ask for it on the same port: connections of others go where they went before. Node's code for
 * it is loaded with the first such connection. Returns the way to end all of them.
 */
export function addHttp2(server: Server, handle: Handle): () => void {
  const [serveHttp1] = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[]
  const sessions = new Set<ServerHttp2Session>()
  let http2: Promise<Http2Server> | undefined
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol !== 'h2') return void serveHttp1?.call(server, socket)
    http2 ??= createHttp2(handle, sessions)
    socket.on('error', () => {})
    http2.then(
      (second) => second.emit('connection', socket),
      () => socket.destroy(),
    )
  })
  return () => {
    for (const session of sessions) session.destroy()
  }
}

async function createHttp2(handle: Handle, sessions: Set<ServerHttp2Session>): Promise<Http2Server> {
  const { createServer } = await import('node:http2')
  const settings = {
    maxConcurrentStreams: MAX_STREAMS,
    maxHeaderListSize: MAX_HEADER_BYTES,
    initialWindowSize: WINDOW_BYTES,
    enablePush: false,
  }
  const server = createServer({
    settings,
    maxSessionMemory: MAX_SESSION_MB,
    maxSendHeaderBlockLength: MAX_HEADER_BYTES,
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => {})
  })
  // Node's messages of HTTP/2 have all that ours use of those of HTTP/1.1.
  server.on('request', handle as never)
  return server
}
