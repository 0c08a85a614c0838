import type { Pod } from '../api/generated/core-v1.ts'
import type { SandboxSpec } from '../runtime/runtime.ts'
import type { ClusterDns } from './node-context.ts'

type DnsSettings = SandboxSpec['dns']

/** What resolvers take at most, by the kubelet's limits. */
const MOST_SERVERS = 3
const MOST_SEARCHES = 32
const MOST_SEARCH_LENGTH = 2048

/**
 * Where and how a pod asks for names, by the kubelet's rules. Without a name server of the cluster, or where the policy is the
 * node's own, nothing is said but what the pod itself says, and the runtime gives it what the node has. `resolvConf` is the
 * node's.
 */
export function podDns({ spec, metadata }: Pod, cluster: ClusterDns | undefined, resolvConf: string): DnsSettings {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork = false } = spec ?? {}
  const asks = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork)
  const node = dnsPolicy === 'None' ? EMPTY : parseResolvConf(resolvConf)
  const base = asks && cluster !== undefined ? ofCluster(cluster, metadata.namespace ?? '', node) : node
  if (base === node && dnsConfig === undefined) return EMPTY
  const options = new Map(base.options?.map((option) => [nameOf(option), option]))
  for (const { name = '', value } of dnsConfig?.options ?? []) options.set(name, value ? `${name}:${value}` : name)
  return {
    servers: unique([...base.servers, ...(dnsConfig?.nameservers ?? [])]).slice(0, MOST_SERVERS),
    searches: fitting(unique([...base.searches, ...(dnsConfig?.searches ?? [])])),
    options: [...options.values()],
    ...(base.resolver && { resolver: base.resolver }),
  }
}

const EMPTY: DnsSettings = { servers: [], searches: [] }

function ofCluster(cluster: ClusterDns, namespace: string, node: DnsSettings): DnsSettings {
  const { server, port, domain, isLazy } = cluster
  const own = [`${namespace}.svc.${domain}`, `svc.${domain}`, domain]
  const searches = unique([...own, ...node.searches])
  const resolver = { address: `${server}:${port}`, searches, ndots: 5 }
  // A resolver asks port 53 or nobody.
  if (port !== 53) return { ...EMPTY, resolver }
  const servers = isLazy ? [server, ...node.servers] : [server]
  return { servers, searches, options: ['ndots:5'], ...(isLazy && { resolver }) }
}

function parseResolvConf(text: string): DnsSettings {
  const words = (line: string) => line.trim().split(/\s+/).slice(1)
  const lines = text.split('\n').map((line) => line.trim())
  const last = (keyword: string) => lines.findLast((line) => line.startsWith(`${keyword} `))
  return {
    servers: lines.filter((line) => /^nameserver\s/.test(line)).flatMap(words),
    searches: words(last('search') ?? ''),
    options: words(last('options') ?? ''),
  }
}

const nameOf = (option: string) => option.split(':')[0] ?? ''
const unique = (all: readonly string[]) => [...new Set(all)]

function fitting(searches: readonly string[]): readonly string[] {
  let length = 0
  return searches.slice(0, MOST_SEARCHES).filter((search) => (length += search.length + 1) <= MOST_SEARCH_LENGTH + 1)
}
