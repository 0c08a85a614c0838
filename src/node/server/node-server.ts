import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { KeyPair } from '../../identity/authority.ts'
import { responseOn } from '../../streams/upgrade.ts'
import type { NodeHandler } from './node-handler.ts'

/** Where a node's server listens and as whom. */
export interface NodeListenOptions {
  readonly host: string
  /** 0: any free one. Kubelets have 10250. */
  readonly port: number
  readonly identity: KeyPair
  /** In PEM: clients with its certificates are known by them; others need a token. */
  readonly clientAuthority?: string
}

export interface NodeServer extends AsyncDisposable {
  readonly port: number
  close(): Promise<void>
}

/** Serves a node over HTTPS, as a kubelet does. Rejects with Node's error where the port is not to be had. */
export async function listenNode(handle: NodeHandler, at: NodeListenOptions): Promise<NodeServer> {
  const { host, port, identity, clientAuthority } = at
  const server = createServer(
    {
      cert: identity.certificate,
      key: identity.key,
      ...(clientAuthority !== undefined && { ca: clientAuthority, requestCert: true, rejectUnauthorized: false }),
      ALPNProtocols: ['http/1.1'],
    },
    handle,
  )
  const upgraded = new Set<Duplex>()
  acceptUpgrades(server, handle, upgraded)
  server.requestTimeout = 0
  server.listen(port, host)
  await once(server, 'listening')
  const close = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    for (const socket of upgraded) socket.destroy()
    await closed
  }
  return { port: (server.address() as AddressInfo).port, close, [Symbol.asyncDispose]: close }
}

/** Requests for another protocol get a response too, for whoever does not grant it. */
export function acceptUpgrades(
  server: NodeJS.EventEmitter,
  handle: NodeHandler,
  upgraded: Set<Duplex> = new Set(),
): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    socket.on('error', () => {})
    handle(request, responseOn(request, socket), { request, socket, head })
  })
}
