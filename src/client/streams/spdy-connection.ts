import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { startSpdySession } from '../../streams/spdy/spdy-session.ts'
import type { SpdySession } from '../../streams/spdy/spdy-session.ts'
import type { Endpoint } from '../http/connection.ts'
import { tlsOptions } from '../http/connection.ts'
import { failureOf, readAll } from '../http/response.ts'

/** Makes a connection to a server one of SPDY, as every kubelet understands it. Rejects with the ApiError of one that says no. */
export function dialSpdy(endpoint: Endpoint, path: string, protocol: string): Promise<SpdySession> {
  const { hostname, port } = new URL(endpoint.server)
  const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol }
  return new Promise((resolve, reject) => {
    const asked = request({ ...tlsOptions(endpoint), host: hostname, port, path, method: 'POST', headers })
    asked.once('upgrade', (_response: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (head.length > 0) socket.unshift(head)
      resolve(startSpdySession(socket, { side: 'client' }))
    })
    asked.once('response', (response) => {
      readAll(response).then((bytes) => reject(failureOf(response, bytes)), reject)
    })
    asked.once('error', reject).end()
  })
}
