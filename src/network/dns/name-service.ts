import type { Client } from '../../client/client.ts'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { PodNetwork } from '../../runtime/pod-network.ts'
import { freePort } from '../free-port.ts'
import type { ServiceWatch } from '../services/service-watch.ts'
import type { RunningDns } from './cluster-dns.ts'

/** Where pods ask for names. */
export interface ClusterDns {
  readonly server: string
  /** 53 unless that needs privileges which nobody here has. */
  readonly port: number
  readonly domain: string
  /** It does not answer before there is a Service to ask for; until then the node's own servers do. */
  readonly isLazy: boolean
}

export interface NameServiceOptions {
  readonly env: Environment
  readonly client: Client
  readonly watch: ServiceWatch
  readonly podNetwork: () => Promise<PodNetwork>
  readonly serviceRange: string
  /** Whether the rules of all Services are in effect. */
  readonly isSettled: () => boolean
}

/** The cluster's name server, started when it is first needed. On loopback it listens at its Service's own address. */
export interface NameService {
  start(): void
  /** Where it is, when it answers; on loopback at once. */
  dns(): Promise<ClusterDns>
  close(): Promise<void>
}

const DNS_SERVICE = 'kube-system/kube-dns'
const DOMAIN = 'cluster.local'
/** Pauses of so many milliseconds, at most so many, until pods start without it. */
const PAUSE_MS = 2
const MOST_PAUSES = 1_000

export function createNameService(options: NameServiceOptions): NameService {
  const { env, watch, serviceRange, isSettled } = options
  let running: Promise<RunningDns> | undefined
  let isClosed = false
  const start = () => (running ??= open(options).catch(failed))
  const failed = (error: unknown) => {
    running = undefined
    if (!isClosed) env.log.warn('names of the cluster are not served', { error })
    throw error
  }
  const isServed = () => isSettled() && watch.slicesOf(DNS_SERVICE).length > 0
  return {
    start: () => void start().catch(() => {}),
    async dns() {
      const lazy = { server: tenthOf(serviceRange), port: freePort(53), domain: DOMAIN, isLazy: true }
      if (serviceRange.startsWith('127.')) {
        void start().catch(() => {})
        return lazy
      }
      const { address: server } = await start()
      // Until the Service's rules are there.
      for (let pauses = 0; pauses < MOST_PAUSES && !isServed() && !isClosed; pauses++) await sleep(env.timers, PAUSE_MS)
      return { server, port: 53, domain: DOMAIN, isLazy: false }
    },
    async close() {
      isClosed = true
      await running?.then((one) => one.close()).catch(() => {})
    },
  }
}

async function open({ env, client, watch, podNetwork, serviceRange }: NameServiceOptions): Promise<RunningDns> {
  const [{ startClusterDns }, { hostAddress }] = await Promise.all([import('./cluster-dns.ts'), podNetwork()])
  const address = tenthOf(serviceRange)
  const at = address.startsWith('127.') ? { host: address, port: freePort(53) } : { host: hostAddress, port: 0 }
  return await startClusterDns({ env, client, watch, domain: DOMAIN, ...at, address })
}

/** Where Kubernetes' installers put the name server. */
export function tenthOf(range: string): string {
  const [a, b, c] = range.split('/')[0]!.split('.')
  return `${a}.${b}.${c}.10`
}
