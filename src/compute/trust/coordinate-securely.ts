import type { Duplex } from 'node:stream'
import type { CreateCoordination } from '../coordination.ts'
import { createToken } from '../coordination.ts'
import { createCoordinator } from '../coordinator/coordinator.ts'
import { serveWorker } from '../coordinator/listen.ts'
import { createSecureServer, listenOn } from '../wire/secure.ts'
import type { Trust } from '../wire/secure.ts'

/** Workers reach this process at an address of its own, over the network: a driver in a pod. */
export interface PodReach {
  readonly kind: 'pod'
  /** The address that workers dial. */
  readonly host: string
}

/** The coordinator in this process, for workers that dial it over the network and show that they belong to the run. */
export function coordinateSecurely({ host }: PodReach, trust: Trust): CreateCoordination {
  return async (options) => {
    const coordinator = createCoordinator(options)
    const token = createToken(options)
    const sockets = new Set<Duplex>()
    const server = createSecureServer(trust, ['worker'], (socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => sockets.delete(socket))
      serveWorker(socket, token, coordinator, options.env.timers)
    })
    const port = await listenOn(server, 0)
    return {
      coordinator,
      start: (pool) => pool.start(`tls:${host.includes(':') ? `[${host}]` : host}:${port}`, token),
      async close() {
        for (const socket of sockets) socket.destroy()
        await new Promise<void>((resolve) => server.close(() => resolve()))
      },
    }
  }
}
