import type { UserInfo } from '../src/apiserver/verbs/request.ts'
import type { Client } from '../src/client/client.ts'
import type { Environment } from '../src/env/environment.ts'
import { createConnection } from './faults/connection.ts'
import type { BreakableConnection, Connection } from './faults/connection.ts'
import type { Trace } from './trace.ts'

/** A process of the cluster that can be killed and started again, with a network of its own between it and the API. */
export interface Part {
  readonly name: string
  readonly isUp: boolean
  start(): void
  /** Ends it at once: what it waits for never comes, and none of its state survives. */
  kill(): void
  /** Breaks its network; what runs on it goes on. */
  cut(): void
  mend(): void
}

/** What a launched part is: `ready` rejects where it could not start, which ends it. */
export interface Launched {
  readonly ready: Promise<void>
  close(): Promise<void>
}

export interface PartFacts {
  readonly name: string
  readonly env: Environment
  readonly trace: Trace
  /** All of a connection but its switches. */
  readonly connection: Omit<Connection, 'state' | 'onState'>
  readonly clientFor: (user: UserInfo, connection: Connection) => Client
  readonly launch: (clientFor: (user: UserInfo) => Client) => Launched
}

/** How long whoever supervises a part waits before it starts one again that ended by itself. */
const RESTART_MS = 1_000

export function createPart(facts: PartFacts): Part {
  const { name, env, trace } = facts
  let life: { readonly connection: BreakableConnection; readonly launched: Launched } | undefined
  const kill = () => {
    if (life === undefined) return
    const { connection, launched } = life
    life = undefined
    trace.add('world', 'kill', name)
    connection.kill()
    launched.close().catch(() => {})
  }
  const start = () => {
    if (life !== undefined) return
    trace.add('world', 'start', name)
    const connection = createConnection(facts.connection)
    const launched = facts.launch((user) => facts.clientFor(user, connection))
    const own = { connection, launched }
    life = own
    launched.ready.catch((error: unknown) => {
      if (life !== own) return
      trace.add(name, 'failed', 'to start', String(error))
      kill()
      env.timers.after(RESTART_MS, start)
    })
  }
  return {
    name,
    get isUp() {
      return life !== undefined
    },
    start,
    kill,
    cut() {
      trace.add('world', 'cut', name)
      life?.connection.cut()
    },
    mend() {
      trace.add('world', 'mend', name)
      life?.connection.mend()
    },
  }
}
