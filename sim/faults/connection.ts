import { sleep } from '../../src/env/clock.ts'
import type { Environment } from '../../src/env/environment.ts'
import type { SeededRandom } from '../seeded-random.ts'
import type { Trace } from '../trace.ts'
import type { FaultLevels } from './fault-levels.ts'
import type { Ledger } from './ledger.ts'

/** What every fault of one component's connection to the API draws on. */
export interface Connection {
  readonly name: string
  readonly env: Environment
  readonly random: SeededRandom
  readonly trace: Trace
  readonly ledger: Ledger
  /** How bad things are at this moment. */
  readonly levels: () => FaultLevels
  /**
   * `open`; `cut` while the network between the two is down: requests fail, watches break; `dead` once the component has
   * been killed: whatever its code still waits for never comes.
   */
  readonly state: () => 'open' | 'cut' | 'dead'
  /** Calls `listener` when the state changes. Returns the way to stop. */
  onState(listener: () => void): () => void
}

/** A connection with the switches that break it. */
export interface BreakableConnection extends Connection {
  cut(): void
  mend(): void
  kill(): void
}

export function createConnection(facts: Omit<Connection, 'state' | 'onState'>): BreakableConnection {
  let state: 'open' | 'cut' | 'dead' = 'open'
  const listeners = new Set<() => void>()
  const enter = (next: typeof state) => {
    if (state === 'dead' || state === next) return
    state = next
    for (const listener of listeners) listener()
  }
  return {
    ...facts,
    state: () => state,
    onState(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    cut: () => enter('cut'),
    mend: () => enter('open'),
    kill: () => enter('dead'),
  }
}

/** What a client sees of a connection that broke: an error, not an answer. */
export const connectionLost = () => new Error('connection lost')

/** Waits as long as a message takes one way. Never resolves for the dead. */
export async function travel({ env, random, levels, state }: Connection, signal?: AbortSignal): Promise<void> {
  const { latencyMs, slow } = levels()
  const delayMs = random.next() * latencyMs + (random.chance(slow) ? random.next() * 2_000 : 0)
  await sleep(env.timers, delayMs, signal)
  if (state() === 'dead') await new Promise<never>(() => {})
  if (state() === 'cut') throw connectionLost()
}
