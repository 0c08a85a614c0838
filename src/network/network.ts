import type { Client } from '../client/client.ts'
import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import { createEventRecorder } from '../reconcile/event-recorder.ts'
import type { PodNetwork } from '../runtime/pod-network.ts'
import type { DataPlane } from './data-plane.ts'
import { servicePorts } from './services/service-port.ts'
import { watchServices } from './services/service-watch.ts'
import type { ServiceWatch } from './services/service-watch.ts'
import { createWithdrawals } from './services/withdrawals.ts'

export interface NetworkOptions {
  readonly env: Environment
  readonly client: Client
  /** The network of the pods; asked for when there is something to do with it. */
  readonly podNetwork: () => Promise<PodNetwork>
  /** Where Services have their addresses. */
  readonly serviceRange: string
}

/** The network between the pods of one machine: what is sent to Services arrives at pods. */
export interface Network extends AsyncDisposable {
  /** Resolves when no Service sends new connections to the pod's address any more, or after a bounded time. */
  withdrawn(ip: string): Promise<void>
  close(): Promise<void>
}

/** The pause before rules that could not be brought into effect are tried again. */
const RETRY_MS = 1_000

/** Watches Services from now on; nothing more is loaded or started before one of them needs it. */
export function startNetwork(options: NetworkOptions): Network {
  const { env, client } = options
  const watch = watchServices(env, client)
  const dirty = new Set<string>()
  let plane: DataPlane | undefined
  let working: Promise<void> | undefined
  let retry: Timer | undefined
  let isClosed = false
  const isBusy = () => working !== undefined
  const withdrawals = createWithdrawals(env.timers, (ip) => isBusy() || watch.isOffered(ip))

  const work = async () => {
    await watch.synced
    while (dirty.size > 0 && !isClosed) {
      const keys = [...dirty]
      dirty.clear()
      if (plane === undefined && !keys.some((key) => isNeeded(watch, key))) continue
      plane ??= await openPlane(options)
      const states = keys.map((key) => ({ key, service: watch.get(key), slices: watch.slicesOf(key) }))
      for (const key of await plane.apply(states)) dirty.add(key)
    }
    working = undefined
    withdrawals.look()
  }
  const failed = (error: unknown) => {
    working = undefined
    if (isClosed) return
    env.log.warn('Services are not balanced as they should be', { error })
    for (const { metadata } of watch.list()) dirty.add(`${metadata.namespace}/${metadata.name}`)
    retry = env.timers.after(RETRY_MS, wake, { background: true })
  }
  function wake(): void {
    if (isClosed || isBusy()) return
    retry?.cancel()
    // In a turn of its own, so that changes that come together are one.
    working = new Promise<void>((resolve) => env.timers.soon(resolve)).then(work).catch(failed)
  }
  watch.listen((key) => {
    dirty.add(key)
    wake()
  })
  watch.synced.catch(() => {})

  const close = async () => {
    isClosed = true
    retry?.cancel()
    watch.close()
    withdrawals.close()
    await working
    await plane?.close()
  }
  return { withdrawn: withdrawals.wait, close, [Symbol.asyncDispose]: close }
}

/** A Service without pods refuses connections, which takes the data plane too; only the API server's own waits for them. */
function isNeeded(watch: ServiceWatch, key: string): boolean {
  const service = watch.get(key)
  if (service === undefined) return false
  const ports = servicePorts(service, watch.slicesOf(key), () => true)
  return key === 'default/kubernetes' ? ports.some(({ internal }) => internal.length > 0) : ports.length > 0
}

async function openPlane({ env, client, podNetwork, serviceRange }: NetworkOptions): Promise<DataPlane> {
  const { openDataPlane } = await import('./data-plane.ts')
  const events = createEventRecorder(env, client, { component: 'shoal-network' })
  return await openDataPlane({ env, client, events, network: await podNetwork(), serviceRange })
}
