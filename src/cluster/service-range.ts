import { readFileSync } from 'node:fs'
import type { Service } from '../api/generated/core-v1.ts'
import type { Environment } from '../env/environment.ts'
import type { Store } from '../store/store.ts'
import type { PodNetworkMode, RuntimeName } from './runtimes.ts'

/** As kubeadm has it. */
export const DEFAULT_SERVICE_RANGE = '10.96.0.0/12'

interface Wishes {
  readonly runtime?: RuntimeName
  readonly podNetwork?: PodNetworkMode
  readonly apiOnly?: boolean
  readonly nodes?: number
}

/**
 * Where the cluster's Services have their addresses: in Kubernetes' usual range where pods get networks of their own, else
 * in loopback, whose addresses every process may listen on and connect to. The host reaches the Services of all clusters on
 * it, so that each has a part of the range. A cluster keeps its range for life.
 */
export function chooseServiceRange(
  { runtime = 'process', podNetwork = 'auto', apiOnly, nodes }: Wishes,
  { random }: Environment,
  store: Store,
): string {
  const hasPods = runtime !== 'simulated' && apiOnly !== true && nodes !== 0
  if (!hasPods || process.platform !== 'linux') return DEFAULT_SERVICE_RANGE
  const known = (store.head().get('services', 'default/kubernetes')?.object as Service | undefined)?.spec?.clusterIP
  if (known !== undefined) return rangeOf(known)
  // Which ranges other clusters of this machine have cannot be known.
  const part = (parts: number, first: string, second: number) => {
    const chosen = Math.floor(random.next() * parts)
    return `${first}.${second + (chosen >> 4)}.${(chosen & 15) * 16}.0/20`
  }
  return havePodsNetworks({ runtime, podNetwork }) ? part(256, '10', 96) : part(448, '127', 224)
}

/** Whether the pods of a new cluster get networks of their own, rather than addresses of loopback. */
export function havePodsNetworks({ runtime = 'process', podNetwork = 'auto' }: Wishes): boolean {
  const isEngine = runtime !== 'process'
  return isEngine || podNetwork === 'namespace' || (podNetwork === 'auto' && mayHaveNetworks())
}

/** The address that the API server's own Service has. */
export const firstOf = (range: string) => range.replace(/\d+\/.*/, '1')

export const isLoopback = (addressOrRange: string) => addressOrRange.startsWith('127.')

function rangeOf(address: string): string {
  const [a = '', b = '', c = ''] = address.split('.')
  return `${a}.${b}.${Number(c) & 0xf0}.0/20`
}

/** CAP_NET_ADMIN and CAP_SYS_ADMIN, without which nobody makes networks. */
const NEEDED = (1n << 12n) | (1n << 21n)

function mayHaveNetworks(): boolean {
  if (process.getuid?.() !== 0) return false
  const [, mask = '0'] = /^CapEff:\s*([\da-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return (BigInt(`0x${mask}`) & NEEDED) === NEEDED
}
