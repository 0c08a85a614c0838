import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { startSpdySession } from './spdy/spdy-session.ts'
import type { SpdyOptions, SpdySession } from './spdy/spdy-session.ts'

/** A request that asks for another protocol on its connection, and what came behind it already. */
export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** An answer to a request for an upgrade, for whoever does not grant it: the connection ends with it. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const { ServerResponse: Response } = process.getBuiltinModule('node:http')
  const response = new Response(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  response.on('finish', () => socket.end())
  return response
}

/** What a client asks its connection to become: Kubernetes' two ways of having several streams. */
export function requestedUpgrade({ headers }: IncomingMessage): 'websocket' | 'spdy' | undefined {
  if (!/\bupgrade\b/i.test(headers.connection ?? '')) return undefined
  const wanted = (headers.upgrade ?? '').toLowerCase()
  if (wanted === 'websocket') return 'websocket'
  return wanted === 'spdy/3.1' ? 'spdy' : undefined
}

/** The subprotocols that a client offers, in its order. */
export function offeredProtocols({ headers }: IncomingMessage): readonly string[] {
  const ofSpdy = headers['x-stream-protocol-version']
  const offered = headers['sec-websocket-protocol'] ?? (Array.isArray(ofSpdy) ? ofSpdy.join(',') : ofSpdy) ?? ''
  return offered.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
}

/** The first subprotocol that both sides know; empty where the client names none, undefined where none fits. */
export function commonProtocol({ request }: Upgrade, known: readonly string[]): string | undefined {
  const offered = offeredProtocols(request)
  return offered.length === 0 ? '' : offered.find((name) => known.includes(name))
}

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/**
 * Makes a WebSocket of the connection, paused, with `protocol` as the chosen one where it is not empty. Names of Kubernetes'
 * subprotocols have characters that the library refuses, so they are kept from it.
 */
export async function acceptWebSocket({ request, socket, head }: Upgrade, protocol: string): Promise<WebSocket> {
  const { WebSocketServer } = await import('ws')
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES })
  delete request.headers['sec-websocket-protocol']
  if (protocol !== '') server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`))
  return await new Promise((resolve, reject) => {
    server.once('wsClientError', reject)
    server.handleUpgrade(request, socket, head, (accepted) => {
      accepted.pause()
      accepted.on('error', () => {})
      resolve(accepted)
    })
  })
}

/** Makes a SPDY session of the connection. */
export function acceptSpdy({ socket, head }: Upgrade, protocol: string, accept: SpdyOptions['accept']): SpdySession {
  const chosen = protocol === '' ? '' : `X-Stream-Protocol-Version: ${protocol}\r\n`
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${chosen}\r\n`)
  if (head.length > 0) socket.unshift(head)
  return startSpdySession(socket, { side: 'server', ...(accept !== undefined && { accept }) })
}
