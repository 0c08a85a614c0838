import { readFileSync } from 'node:fs'
import type { Client } from '../client/client.ts'
import { sleep } from '../env/clock.ts'
import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import { createEventRecorder } from '../reconcile/event-recorder.ts'
import type { PodNetwork } from '../runtime/pod-network.ts'
import type { DataPlane } from './data-plane.ts'
import type { RunningDns } from './dns/cluster-dns.ts'
import { watchIngresses } from './ingress/ingresses.ts'
import { PORT_SHIFT, servicePorts } from './services/service-port.ts'
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
  /** The cluster's name server, which answers once this resolves; on loopback once there is a Service to ask for. */
  dns(): Promise<ClusterDns>
  close(): Promise<void>
}

/** Where pods ask for names. */
export interface ClusterDns {
  readonly server: string
  /** 53 unless that needs privileges which nobody here has. */
  readonly port: number
  readonly domain: string
  /** It does not answer before there is a Service to ask for; until then the node's own servers do. */
  readonly isLazy: boolean
}

/** The pause before rules that could not be brought into effect are tried again. */
const RETRY_MS = 1_000

/** Watches Services from now on; nothing more is loaded or started before one of them needs it. */
export function startNetwork(options: NetworkOptions): Network {
  const { env, client, serviceRange } = options
  const watch = watchServices(env, client)
  const dirty = new Set<string>()
  let plane: DataPlane | undefined
  let working: Promise<void> | undefined
  let retry: Timer | undefined
  let named: Promise<RunningDns> | undefined
  let isClosed = false
  const ingresses = watchIngresses({ ...options, watch })
  const isBusy = () => working !== undefined
  const withdrawals = createWithdrawals(env.timers, (ip) => isBusy() || watch.isOffered(ip))

  const work = async () => {
    await watch.synced
    while (dirty.size > 0 && !isClosed) {
      const keys = [...dirty]
      dirty.clear()
      if (keys.some((key) => key !== OWN && watch.get(key) !== undefined)) startDns().catch(() => {})
      if (plane === undefined && !keys.some((key) => isNeeded(watch, key))) continue
      plane ??= await openPlane(options)
      const states = keys.map((key) => ({ key, service: watch.get(key), slices: watch.slicesOf(key) }))
      for (const key of await plane.apply(states)) dirty.add(key)
    }
    working = undefined
    withdrawals.look()
  }
  const startDns = () => (named ??= openDns(options, watch).catch(dnsFailed))
  const dnsFailed = (error: unknown) => {
    named = undefined
    if (!isClosed) env.log.warn('names of the cluster are not served', { error })
    throw error
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
  const close = async () => {
    isClosed = true
    retry?.cancel()
    watch.close()
    withdrawals.close()
    await working
    await plane?.close()
    await ingresses.close()
    await named?.then((running) => running.close()).catch(() => {})
  }
  const isLoopback = serviceRange.startsWith('127.')
  const dns = async (): Promise<ClusterDns> => {
    if (isLoopback) return { server: tenthOf(serviceRange), port: dnsPort(), domain: DOMAIN, isLazy: true }
    const { address: server } = await startDns()
    // Until the Service's rules are there.
    const isServed = () => plane !== undefined && !isBusy() && watch.slicesOf(DNS_SERVICE).length > 0
    for (let pauses = 0; pauses < MOST_DNS_PAUSES && !isServed() && !isClosed; pauses++) await sleep(env.timers, 2)
    return { server, port: 53, domain: DOMAIN, isLazy: false }
  }
  return { withdrawn: withdrawals.wait, dns, close, [Symbol.asyncDispose]: close }
}

/** A Service without pods refuses connections, which takes the data plane too; only the API server's own waits for them. */
function isNeeded(watch: ServiceWatch, key: string): boolean {
  const service = watch.get(key)
  if (service === undefined) return false
  const ports = servicePorts(service, watch.slicesOf(key), () => true)
  return key === OWN ? ports.some(({ internal }) => internal.length > 0) : ports.length > 0
}

async function openPlane({ env, client, podNetwork, serviceRange }: NetworkOptions): Promise<DataPlane> {
  const { openDataPlane } = await import('./data-plane.ts')
  const events = createEventRecorder(env, client, { component: 'shoal-network' })
  return await openDataPlane({ env, client, events, network: await podNetwork(), serviceRange })
}

/** The API server's own Service, which every cluster has. */
const OWN = 'default/kubernetes'
const DNS_SERVICE = 'kube-system/kube-dns'
/** Pauses of 2 ms until pods start without it. */
const MOST_DNS_PAUSES = 1_000
const DOMAIN = 'cluster.local'

async function openDns(
  { env, client, podNetwork, serviceRange }: NetworkOptions,
  watch: ServiceWatch,
): Promise<RunningDns> {
  const [{ startClusterDns }, { hostAddress: host }] = await Promise.all([import('./dns/cluster-dns.ts'), podNetwork()])
  return await startClusterDns({ env, client, watch, domain: DOMAIN, host, address: tenthOf(serviceRange) })
}

/** Where Kubernetes' installers put the name server. */
function tenthOf(range: string): string {
  const [a, b, c] = range.split('/')[0]!.split('.')
  return `${a}.${b}.${c}.10`
}

/** Whoever may not listen on the port of name servers has it higher; see the balancer's thread. */
function dnsPort(): number {
  if (process.getuid?.() === 0) return 53
  const first = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  return first <= 53 ? 53 : 53 + PORT_SHIFT
}
