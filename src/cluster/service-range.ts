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
 * in loopback, whose addresses every process may listen on and connect to. A cluster keeps its range for life.
 */
export function chooseServiceRange(
  { runtime = 'process', podNetwork = 'auto', apiOnly, nodes }: Wishes,
  { random }: Environment,
  store: Store,
): string {
  const known = (store.head().get('services', 'default/kubernetes')?.object as Service | undefined)?.spec?.clusterIP
  if (known !== undefined) return isLoopback(known) ? rangeOf(known) : DEFAULT_SERVICE_RANGE
  if (runtime !== 'process' || apiOnly === true || nodes === 0 || process.platform !== 'linux')
    return DEFAULT_SERVICE_RANGE
  if (podNetwork === 'namespace' || (podNetwork === 'auto' && mayHaveNetworks())) return DEFAULT_SERVICE_RANGE
  // Which ranges other clusters of this machine have cannot be known: one of 448 at random.
  const set = Math.floor(random.next() * 448)
  return `127.${224 + (set >> 4)}.${(set & 15) * 16}.0/20`
}

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
