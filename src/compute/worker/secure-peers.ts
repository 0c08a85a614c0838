import { createSecureServer, dial, listenOn } from '../wire/secure.ts'
import type { Trust } from '../wire/secure.ts'
import type { DialPart } from './part-peers.ts'
import { ownHost } from './part-server.ts'
import type { ListenForParts } from './part-server.ts'

/** How workers on different machines reach one another: by mutual TLS, each with a certificate of the run's authority. */
export function securePeers(
  trust: Trust,
  host: string | undefined,
): { readonly dial: DialPart; readonly listen: ListenForParts } {
  return {
    dial: (address) => dial(address, trust, 'worker'),
    async listen(_directory, onConnection) {
      const server = createSecureServer(trust, ['worker'], onConnection)
      server.unref()
      return `tls:${host ?? ownHost()}:${await listenOn(server, 0)}`
    },
  }
}
