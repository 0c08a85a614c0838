import { createLogger } from '../src/env/log.ts'
import { startControlPlane } from '../src/cluster/control-plane.ts'
import type { ControlPlane } from '../src/cluster/control-plane.ts'
import { ADMIN } from '../src/cluster/users.ts'
import { openClusterIdentity } from '../src/identity/key-files.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import type { UserInfo } from '../src/apiserver/verbs/request.ts'
import type { Client } from '../src/client/client.ts'
import { sleep } from '../src/env/clock.ts'
import { controllersPart } from './parts/controllers.ts'
import type { ControllersPart } from './parts/controllers.ts'
import { nodePart } from './parts/node.ts'
import type { NodeSize } from './parts/node.ts'
import { schedulerPart } from './parts/scheduler.ts'
import type { Part } from './part.ts'
import { createConnection } from './faults/connection.ts'
import type { Connection } from './faults/connection.ts'
import { CALM, drawLevels } from './faults/fault-levels.ts'
import type { FaultLevels } from './faults/fault-levels.ts'
import { createFaultyClient } from './faults/faulty-client.ts'
import { createLedger } from './faults/ledger.ts'
import { createInspection } from './inspection.ts'
import type { Inspection } from './inspection.ts'
import { createSeededRandom } from './seeded-random.ts'
import type { SeededRandom } from './seeded-random.ts'
import { createTrace } from './trace.ts'
import type { Trace } from './trace.ts'
import { createVirtualTime } from './virtual-time.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Revisions from which stale lists may be answered. */
const RECENT_REVISIONS = 30

export interface WorldOptions {
  readonly seed: number | string
  /** Hears of each line of the trace as it happens. */
  readonly tell?: (line: string) => void
  /** How bad things are; each seed has its own where absent. */
  readonly levels?: FaultLevels
  /** A bug of a part, planted between it and the API, to see whether a checker finds it. */
  readonly partBug?: (client: Client, user: UserInfo) => Client
  /** A bug of the API server, planted beneath whoever watches it. */
  readonly serverBug?: (client: Client, user: UserInfo) => Client
}

/** A cluster under virtual time, what disturbs it, and what watches over it. */
export interface World {
  readonly time: VirtualTime
  readonly random: SeededRandom
  readonly trace: Trace
  readonly store: Store
  readonly plane: ControlPlane
  readonly inspection: Inspection
  /** A person with kubectl: an administrator on a good connection. */
  readonly user: Client
  readonly controllers: ControllersPart
  readonly scheduler: Part
  readonly nodes: ReadonlyMap<string, Part>
  addNode(size: NodeSize): Part
  wait(ms: number): Promise<void>
  /** From now on nothing goes wrong any more. */
  calmDown(): void
  close(): Promise<void>
}

/** Puts a cluster together; nothing of it runs before time passes. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const random = createSeededRandom(options.seed)
  const time = createVirtualTime(
    random.fork('cluster'),
    createLogger(() => {}, 'error'),
  )
  const trace = createTrace(() => time.elapsedMs, options.tell)
  const { env } = time
  const store = createMemoryStore(env)
  const ledger = createLedger()
  const inspection = createInspection(store, ledger)
  const identity = openClusterIdentity(env)
  const plane = await startControlPlane({ env, store, identity, controllers: false })
  const drawn = options.levels ?? drawLevels(random.fork('levels'))
  let levels = drawn
  const recent = recentRevisions(store)

  const clientFor = (user: UserInfo, connection: Connection) => {
    const direct = plane.clientFor(user)
    const probed = inspection.probe(options.serverBug?.(direct, user) ?? direct, connection.name)
    const faulty = createFaultyClient(probed, connection, recent)
    return options.partBug?.(faulty, user) ?? faulty
  }
  const factsOf = (name: string) => ({
    name,
    env,
    trace,
    clientFor,
    connection: { name, env, random: random.fork(name), trace, ledger, levels: () => levels },
  })
  const nodes = new Map<string, Part>()
  const userConnection = createConnection({ ...factsOf('user').connection, levels: () => CALM })
  const controllers = controllersPart(factsOf('controllers'))
  inspection.watchCaches(controllers.informers)
  return {
    time,
    random: random.fork('scenario'),
    trace,
    store,
    plane,
    inspection,
    user: createFaultyClient(plane.clientFor(ADMIN), userConnection, recent),
    controllers,
    scheduler: schedulerPart(factsOf('scheduler')),
    nodes,
    addNode(size) {
      const name = `node${nodes.size + 1}`
      const node = nodePart(factsOf(name), size, nodes.size)
      nodes.set(name, node)
      return node
    },
    wait: (ms) => sleep(env.timers, ms),
    calmDown: () => void (levels = CALM),
    async close() {
      for (const part of [controllers, ...nodes.values()]) part.kill()
      await plane.close()
      await store.close()
    },
  }
}

function recentRevisions(store: Store): () => readonly number[] {
  const recent: number[] = []
  store.onDurable((commits) => {
    recent.push(...commits.map(({ revision }) => revision))
    recent.splice(0, recent.length - RECENT_REVISIONS)
  })
  return () => recent
}
