import type { Coordinator } from './coordinator/coordinator.ts'
import { createCoordinator } from './coordinator/coordinator.ts'
import { listen } from './coordinator/listen.ts'
import type { Reach } from './coordinator/listen.ts'
import type { CoordinatorOptions } from './coordinator/options.ts'
import type { WorkerPool } from './worker-pool.ts'

/** The coordinator as whoever opens stages sees it, wherever it runs. */
export type StageHost = Pick<Coordinator, 'open' | 'counts' | 'why' | 'failAll' | 'close'> &
  Partial<Pick<Coordinator, 'release' | 'capacities' | 'demand' | 'drain' | 'settleDown'>>

/** Where a session's coordinator runs, and how its workers find it. */
export interface Coordination {
  readonly coordinator: StageHost
  /** Makes the coordinator ready and starts the workers of `pool` towards it. Rejects where that cannot be. */
  start(pool: WorkerPool): Promise<void>
  /** After the coordinator was closed and the workers have ended: removes what is left. */
  close(): Promise<void>
}

export type CreateCoordination = (options: CoordinatorOptions) => Promise<Coordination>

const TOKEN_BYTES = 32

/** A token that all of a run prove to hold. */
export function createToken({ env }: Pick<CoordinatorOptions, 'env'>): string {
  return Buffer.from(env.random.bytes(TOKEN_BYTES)).toString('base64url')
}

/** The coordinator in this process, where workers can reach it. */
export function coordinateHere(reach: Reach, name: string): CreateCoordination {
  return async (options) => {
    const coordinator = createCoordinator(options)
    const token = createToken(options)
    const listener = await listen({ name, env: options.env }, reach, token, coordinator)
    return { coordinator, start: (pool) => pool.start(listener.address, token), close: () => listener.close() }
  }
}
