import type { Environment } from '../../env/environment.ts'
import type { AddressPool } from './addresses.ts'
import type { Spawner } from './spawner-process.ts'

/** A network that stands and belongs to no pod yet. The sandbox takes its id with it. */
export interface PreparedNetwork {
  readonly sandboxId: string
  readonly address: string
}

/** Networks of pods, made before they are asked for. */
export interface NetworkPool {
  take(): Promise<PreparedNetwork>
  /** Removes a pod's network in the background; its address is free once that is done. */
  giveBack(network: PreparedNetwork): void
}

/** How many stand ready at first, and at the most: as many as were taken lately. */
const FIRST = 2
const MOST = 16

/**
 * Keeps networks ready ahead of pods, since one takes 5 to 10 ms to make. The more are taken the more it keeps, up to a
 * bound; making and removing happen beside the pods' own work. The spawner's end removes them all.
 */
export function createNetworkPool(environment: Environment, spawner: Spawner, addresses: AddressPool): NetworkPool {
  const ready: Promise<PreparedNetwork>[] = []
  let wanted = FIRST

  const make = async (): Promise<PreparedNetwork> => {
    const sandboxId = environment.random.uuid().replaceAll('-', '')
    const address = addresses.take()
    try {
      await spawner.request({ op: 'joinNetwork', sandboxId, address })
      return { sandboxId, address }
    } catch (error) {
      giveBack({ sandboxId, address })
      throw error
    }
  }
  const giveBack = ({ sandboxId, address }: PreparedNetwork) => {
    spawner.request({ op: 'leaveNetwork', sandboxId }).then(
      () => addresses.free(address),
      // The address stays taken, since its network may still stand.
      (error: unknown) => environment.log.debug('a pod network was not removed', { sandboxId, error }),
    )
  }
  const refill = () => {
    while (ready.length < wanted) {
      const network = make()
      // Told to whoever takes it.
      network.catch(() => undefined)
      ready.push(network)
    }
  }

  refill()
  return {
    giveBack,
    async take() {
      const network = ready.shift() ?? make()
      wanted = Math.min(MOST, wanted + 1)
      // After the pod that is being made has had its turn; while there is one for the next pod, after its program has begun as well.
      environment.timers.after(ready.length === 0 ? REFILL_AFTER_MS : CALM_MS, refill, { background: true })
      return network
    },
  }
}

const REFILL_AFTER_MS = 20
const CALM_MS = 250
