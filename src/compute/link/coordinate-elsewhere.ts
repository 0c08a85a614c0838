import type { Duplex } from 'node:stream'
import type { CreateCoordination } from '../coordination.ts'
import type { Trust } from '../wire/secure.ts'
import { connectDriverLink } from './driver-link.ts'
import type { DriverLink } from './driver-link.ts'
import { createRemoteCoordinator } from './remote-coordinator.ts'

/** Where a coordinator of its own runs: a pod, or a process where a test needs no cluster. */
export interface CoordinatorPlace {
  /** Starts it; resolves to the address that workers dial. Rejects where it cannot be started, or when `signal` is aborted. */
  start(signal: AbortSignal): Promise<string>
  /** A connection to its port. */
  dial(signal: AbortSignal): Promise<Duplex>
  /** What is the matter with it, where no connection comes about. Rejects with a `ComputeError` where it is lost for good. */
  diagnose?(): Promise<string | undefined>
  close(): Promise<void>
}

export interface ElsewhereOptions {
  readonly place: CoordinatorPlace
  readonly trust: Trust
  /** The run's token, which workers prove to hold. */
  readonly token: string
  /** How long the link may be cut, in milliseconds. */
  readonly awayMs: number
  /** Nothing is heard of the coordinator: why, again and again while it lasts. */
  readonly onCut: (why: string) => void
  /** It is heard: for the first time, or again. */
  readonly onBack?: () => void
}

/** A coordinator outside of this process, behind a link that may be cut: work goes on there meanwhile. */
export function coordinateElsewhere(options: ElsewhereOptions): CreateCoordination {
  const { place } = options
  return async (coordinatorOptions) => {
    const { env } = coordinatorOptions
    const stopped = new AbortController()
    const closing = Promise.withResolvers<void>()
    const driver: DriverLink = connectDriverLink({
      ...options,
      env,
      session: env.random.uuid(),
      dial: (signal) => place.dial(signal),
      diagnose: async () => await place.diagnose?.(),
      onMessage: (channel, body) => coordinator.message(channel, body),
      onRoom: () => coordinator.room(),
      onForgotten: () => coordinator.restart(),
      onBack: () => options.onBack?.(),
      onLost: (error) => coordinator.close(error),
    })
    const coordinator = createRemoteCoordinator({
      ...coordinatorOptions,
      link: driver.link,
      whyCut: () => driver.whyCut(),
    })
    return {
      coordinator: {
        ...coordinator,
        close(reason) {
          coordinator.close(reason)
          stopped.abort(reason)
          closing.resolve()
        },
      },
      async start(pool) {
        const address = await place.start(stopped.signal)
        driver.connect()
        await Promise.race([driver.connected, closing.promise])
        if (!stopped.signal.aborted) await pool.start(address, options.token)
      },
      async close() {
        driver.close()
        await place.close()
      },
    }
  }
}
