import type { ServicePort, Target } from '../services/service-port.ts'
import type { Ruleset } from './ruleset.ts'

/** From address, protocol and port to the chain of a port of a Service. */
const SERVICES = 'services'

/** Where rules are put. */
export interface RulePlace {
  /** With its family, such as `ip shoal`. */
  readonly table: string
  /** The host's own network, which sends to Services itself; elsewhere that arrives like anything else. */
  readonly isHost: boolean
  /** Answers do not pass here unless they are sent here: whoever asks a Service is this machine, for its targets. */
  readonly masquerade: boolean
  readonly serviceRange: string
}

/**
 * The kernel keeps an ended connection's entry for two minutes. A client that connects more often than it has ports comes
 * again with one that is still known; engines that remove a container remove the entries of its address one by one from
 * a list made before, and with them a connection that has taken an entry's place meanwhile: its client is reset. And a
 * Service with thousands of connections a second would fill the kernel's table. So entries go soon after their connections.
 */
const ENDED = 'ended'
const FORGET = `ct timeout set "${ENDED}"`
const forgetting = (table: string) =>
  `add ct timeout ${table} ${ENDED} { protocol tcp; policy = { time_wait : 1, close : 1 }; }`

/** Fails where the kernel cannot forget ended connections sooner than others; leaves nothing that {@link groundRules} keep. */
export function forgettingProbe({ table }: RulePlace): string[] {
  const chain = [`add chain ${table} probe`, `add rule ${table} probe meta l4proto tcp ${FORGET}`]
  return [`add table ${table}`, forgetting(table), ...chain]
}

/**
 * What is there before the first Service: connections are given a target as they arrive. A pod that is its own target
 * would answer itself directly, so there the router stands in for it. What is sent to a Service's address and found no
 * target is refused, as Kubernetes does.
 */
export function groundRules({ table, isHost, masquerade, serviceRange }: RulePlace, forgets: boolean): string[] {
  const mark = masquerade
    ? [`add rule ${table} balance ip daddr ${serviceRange} meta mark set meta mark or ${LOOP_MARK}`]
    : []
  const balance = (name: string) => `add rule ${table} ${name} ip daddr . meta l4proto . th dport vmap @${SERVICES}`
  const refuse = (name: string, hook: string) => [
    `add chain ${table} ${name} { type filter hook ${hook} priority filter; }`,
    `add rule ${table} ${name} ip daddr ${serviceRange} meta l4proto tcp reject with tcp reset`,
    `add rule ${table} ${name} ip daddr ${serviceRange} reject`,
  ]
  const own = [`add chain ${table} balance-own { type nat hook output priority -100; }`, balance('balance-own')]
  return [
    `add table ${table}`,
    `delete table ${table}`,
    `add table ${table}`,
    ...(forgets ? [forgetting(table)] : []),
    `add map ${table} ${SERVICES} { type ipv4_addr . inet_proto . inet_service : verdict; }`,
    `add chain ${table} balance { type nat hook prerouting priority dstnat; }`,
    ...mark,
    balance('balance'),
    `add chain ${table} loop { type nat hook postrouting priority srcnat; }`,
    `add rule ${table} loop meta mark & ${LOOP_MARK} == ${LOOP_MARK} masquerade`,
    ...refuse('refuse', 'forward'),
    ...(isHost ? [...own, ...refuse('refuse-own', 'output')] : []),
  ]
}

const LOOP_MARK = '0x4000'

export interface PortPlace {
  /** The port's own. */
  readonly number: number
  /** Those of node ports. */
  readonly nodeAddresses: readonly string[]
  /** Whether the kernel forgets ended connections soon. */
  readonly forgets: boolean
}

/** The rules of one port of a Service. */
export function rulesOfPort(port: ServicePort, { number, nodeAddresses, forgets }: PortPlace): Ruleset {
  const sets = new Map<string, string>()
  const chains = new Map<string, readonly string[]>()
  const elements = new Map<string, string>()
  const at = (ips: readonly string[], portNumber: number, chain: string) => {
    for (const ip of ips) elements.set(`${ip} . ${port.protocol.toLowerCase()} . ${portNumber}`, ` : goto ${chain}`)
  }
  const inside = `service-${number}`
  const place = { number, forgets, sets, chains }
  if (port.internal.length > 0) {
    chains.set(inside, balancing(port, port.internal, place))
    at([...port.clusterIps, ...port.externalIps], port.port, inside)
  }
  const outside = sameTargets(port) ? inside : `outside-${number}`
  if (port.external.length > 0) {
    if (outside !== inside) chains.set(outside, balancing(port, port.external, place))
    if (port.nodePort !== undefined) at(nodeAddresses, port.nodePort, outside)
    const guarded = port.sourceRanges.length > 0 ? `guard-${number}` : outside
    if (guarded !== outside) {
      chains.set(guarded, [`ip saddr { ${port.sourceRanges.join(', ')} } goto ${outside}`, 'drop'])
    }
    at(port.balancerIps, port.port, guarded)
  }
  return { sets, chains, elements: new Map([[SERVICES, elements]]) }
}

function sameTargets({ internal, external }: ServicePort): boolean {
  return internal.length === external.length && internal.every((target, i) => target === external[i])
}

interface ChainPlace extends Pick<PortPlace, 'number' | 'forgets'> {
  readonly sets: Map<string, string>
  readonly chains: Map<string, readonly string[]>
}

/** Each new connection goes to the next target, in turn; with affinity to the one where the client was last. */
function balancing(
  { protocol, affinitySeconds }: ServicePort,
  targets: readonly Target[],
  { number, forgets, sets, chains }: ChainPlace,
): string[] {
  const near: string[] = []
  const chainOf = ({ ip, port }: Target) => {
    const chain = `target-${number}-${ip}-${port}`
    const remembered = `near-${number}-${ip}-${port}`
    const keep = affinitySeconds === undefined ? [] : [`update @${remembered} { ip saddr }`]
    if (affinitySeconds !== undefined) {
      sets.set(remembered, `type ipv4_addr; flags dynamic, timeout; timeout ${affinitySeconds}s;`)
      near.push(`ip saddr @${remembered} goto ${chain}`)
    }
    const loop = `ip saddr ${ip} meta mark set meta mark or ${LOOP_MARK}`
    const forget = forgets && protocol === 'TCP' ? [FORGET] : []
    chains.set(chain, [...keep, loop, ...forget, `meta l4proto ${protocol.toLowerCase()} dnat to ${ip}:${port}`])
    return chain
  }
  const choices = targets.map((target, i) => `${i} : goto ${chainOf(target)}`)
  return [...near, `numgen inc mod ${targets.length} vmap { ${choices.join(', ')} }`]
}
