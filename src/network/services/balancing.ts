import type { Client } from '../../client/client.ts'
import type { Environment } from '../../env/environment.ts'
import { createEventRecorder } from '../../reconcile/event-recorder.ts'
import type { PodNetwork } from '../../runtime/pod-network.ts'
import type { DataPlane } from '../data-plane.ts'
import { createWorkLoop } from '../work-loop.ts'
import { servicePorts } from './service-port.ts'
import type { ServiceWatch } from './service-watch.ts'
import { createWithdrawals } from './withdrawals.ts'

export interface BalancingOptions {
  readonly env: Environment
  readonly client: Client
  readonly watch: ServiceWatch
  readonly podNetwork: () => Promise<PodNetwork>
  readonly serviceRange: string
  /** There is a Service beside the API server's own. */
  readonly onService: () => void
}

/** Keeps what happens to connections in step with Services and their endpoints. */
export interface Balancing {
  /** Resolves when no Service sends new connections to the address any more, or after a bounded time: to whether one did. */
  withdrawn(ip: string): Promise<boolean>
  /** Whether all that is known by now is in effect. */
  readonly isSettled: boolean
  close(): Promise<void>
}

/** Those that every cluster has: on loopback their servers listen at their addresses themselves. */
const OWN = new Set(['default/kubernetes', 'kube-system/kube-dns'])

/** The data plane is loaded and opened with the first Service that needs it. */
export function startBalancing(options: BalancingOptions): Balancing {
  const { env, watch, onService } = options
  const dirty = new Set<string>()
  let plane: DataPlane | undefined

  const run = async (isClosed: () => boolean) => {
    await watch.synced
    const keys = [...dirty]
    dirty.clear()
    if (keys.some((key) => !OWN.has(key) && watch.get(key) !== undefined)) onService()
    if (plane === undefined && !keys.some((key) => isNeeded(options, key))) return
    plane ??= await openPlane(options)
    if (isClosed()) return
    const states = keys.map((key) => ({ key, service: watch.get(key), slices: watch.slicesOf(key) }))
    for (const key of await plane.apply(states)) see(key)
  }
  const loop = createWorkLoop(env, {
    run,
    failure: 'Services are not balanced as they should be',
    failed: () => watch.list().forEach(({ metadata }) => dirty.add(`${metadata.namespace}/${metadata.name}`)),
    idle: () => withdrawals.look(),
  })
  const withdrawals = createWithdrawals(env.timers, (ip) => loop.isBusy || watch.isOffered(ip))
  const see = (key: string) => {
    dirty.add(key)
    loop.wake()
  }
  watch.listen(see)
  return {
    async withdrawn(ip) {
      await withdrawals.wait(ip)
      return watch.isNamed(ip)
    },
    get isSettled() {
      return plane !== undefined && !loop.isBusy
    },
    async close() {
      withdrawals.close()
      await loop.close()
      await plane?.close()
    },
  }
}

/** A Service without pods refuses connections, which takes the data plane too; only those that every cluster has wait for them. */
function isNeeded({ watch, serviceRange }: BalancingOptions, key: string): boolean {
  if (OWN.has(key) && serviceRange.startsWith('127.')) return false
  const service = watch.get(key)
  if (service === undefined) return false
  const ports = servicePorts(service, watch.slicesOf(key), () => true)
  return OWN.has(key) ? ports.some(({ internal }) => internal.length > 0) : ports.length > 0
}

async function openPlane({ env, client, podNetwork, serviceRange }: BalancingOptions): Promise<DataPlane> {
  const { openDataPlane } = await import('../data-plane.ts')
  const events = createEventRecorder(env, client, { component: 'shoal-network' })
  return openDataPlane({ env, client, events, network: await podNetwork(), serviceRange })
}
