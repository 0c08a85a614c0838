import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/generated/networking-v1.ts'
import type { Ruleset } from '../kernel/ruleset.ts'
import { partiesOf, selects } from './policy-view.ts'
import type { Party, PolicyView } from './policy-view.ts'

/** A table of their own: rules of Services that are made anew leave it alone. */
export const policyTable = (table: string) => `ip ${table}-policy`

type Direction = 'Ingress' | 'Egress'
const MAPS: Readonly<Record<Direction, string>> = { Ingress: 'entering', Egress: 'leaving' }

/**
 * Policies are kept where packets are passed on, when they have their target already. What leaves is looked at first, then
 * what enters; connections that are allowed once stay so, answers are part of them. A pod may always reach itself.
 */
export function policyGround(table: string, hostAddress: string): string[] {
  const chain = (name: string, priority: number) =>
    `add chain ${table} ${name} { type filter hook forward priority ${priority}; }`
  const always = (name: string) => [
    `add rule ${table} ${name} ct state established,related accept`,
    `add rule ${table} ${name} meta mark & 0x4000 == 0x4000 accept`,
  ]
  return [
    `add table ${table}`,
    `delete table ${table}`,
    `add table ${table}`,
    ...Object.values(MAPS).map((name) => `add map ${table} ${name} { type ipv4_addr : verdict; }`),
    chain('leave', -10),
    ...always('leave'),
    `add rule ${table} leave ip saddr vmap @leaving`,
    chain('enter', -5),
    ...always('enter'),
    `add rule ${table} enter ip saddr ${hostAddress} accept`,
    `add rule ${table} enter ip daddr vmap @entering`,
  ]
}

/** The rules of all policies together: pods that none selects are left alone, others have what one of theirs allows. */
export function policyRules(view: PolicyView): Ruleset {
  const chains = new Map<string, readonly string[]>()
  const elements = new Map<string, Map<string, string>>()
  const { parties, dns } = partiesOf(view)
  for (const direction of ['Ingress', 'Egress'] as const) {
    const own = new Map<string, string>()
    const inDirection = view.policies.filter((policy) => hasDirection(policy, direction))
    for (const party of parties) {
      const chosen = inDirection.filter((policy) => isSubject(policy, party))
      if (chosen.length === 0) continue
      const name = chainName(direction, party)
      const allowed = chosen.flatMap((policy) => allowances(policy, direction, { view, party, parties, dns }))
      chains.set(name, [...new Set(allowed), 'drop'])
      own.set(party.ip, ` : goto ${name}`)
    }
    elements.set(MAPS[direction], own)
  }
  return { sets: new Map(), chains, elements }
}

const chainName = (direction: Direction, { ip }: Party) => `${direction === 'Ingress' ? 'to' : 'from'}-${ip}`

/** Policies are about ingress unless they say otherwise, about egress where they have rules for it. */
function hasDirection({ spec }: NetworkPolicy, direction: Direction): boolean {
  const { policyTypes = [], egress = [] } = spec ?? {}
  if (policyTypes.length > 0) return policyTypes.includes(direction)
  return direction === 'Ingress' || egress.length > 0
}

function isSubject({ metadata, spec }: NetworkPolicy, { namespace, labels }: Party): boolean {
  return metadata.namespace === namespace && selects(spec?.podSelector ?? {}, labels)
}

interface Scene {
  readonly view: PolicyView
  /** The pod that is asked about. */
  readonly party: Party
  readonly parties: readonly Party[]
  readonly dns: Party
}

interface Rule {
  readonly ports: readonly NetworkPolicyPort[]
  readonly peers: readonly NetworkPolicyPeer[]
}

function allowances(policy: NetworkPolicy, direction: Direction, scene: Scene): readonly string[] {
  const { ingress = [], egress = [] } = policy.spec ?? {}
  const rules: readonly Rule[] =
    direction === 'Ingress'
      ? ingress.map(({ ports = [], from = [] }) => ({ ports, peers: from }))
      : egress.map(({ ports = [], to = [] }) => ({ ports, peers: to }))
  return rules.flatMap((rule) => allowancesOf(policy, rule, direction, scene))
}

function allowancesOf(policy: NetworkPolicy, { ports, peers }: Rule, direction: Direction, scene: Scene): string[] {
  const isEgress = direction === 'Egress'
  const pods = peers.length === 0 ? undefined : peers.flatMap((peer) => podsOfPeer(policy, peer, scene, scene.parties))
  const field = isEgress ? 'ip daddr' : 'ip saddr'
  const sources = [
    ...(pods === undefined ? [''] : []),
    ...(pods !== undefined && pods.length > 0 ? [`${field} { ${unique(pods.map(({ ip }) => ip)).join(', ')} } `] : []),
    ...peers.flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [blockOf(field, ipBlock)])),
  ]
  const served = isEgress ? (pods ?? scene.parties) : [scene.party]
  const plain = portMatches(ports, isEgress ? [] : served)
  const lines = sources.flatMap((source) => plain.map((port) => `${source}${port}accept`))
  return isEgress ? [...lines, ...namedPorts(ports, served), ...dnsAllowance(policy, { ports, peers }, scene)] : lines
}

function podsOfPeer(
  { metadata }: NetworkPolicy,
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  { view }: Scene,
  parties: readonly Party[],
): readonly Party[] {
  if (ipBlock !== undefined) return []
  const isThere = (namespace: string) => {
    if (namespaceSelector === undefined) return namespace === metadata.namespace
    const labels = view.namespaces.find((one) => one.metadata.name === namespace)?.metadata.labels
    return selects(namespaceSelector, labels)
  }
  return parties.filter(({ namespace, labels }) => isThere(namespace) && selects(podSelector ?? {}, labels))
}

function blockOf(field: string, { cidr, except = [] }: NonNullable<NetworkPolicyPeer['ipBlock']>): string {
  if (cidr.includes(':')) return `${field} 0.0.0.0/32 `
  // One by one: within a set they must not overlap.
  return [cidr, ...except.map((range) => `!= ${range}`)].map((range) => `${field} ${range} `).join('')
}

/** Matches of a rule's ports, one of nothing where it names none; those with a name as the pods number them. */
function portMatches(ports: readonly NetworkPolicyPort[], pods: readonly Party[]): readonly string[] {
  if (ports.length === 0) return ['']
  return ports.flatMap(({ protocol = 'TCP', port, endPort }) => {
    const transport = `meta l4proto ${protocol.toLowerCase()} `
    if (port === undefined) return [transport]
    if (typeof port === 'string')
      return numbersOf(port, protocol, pods).map((number) => `${transport}th dport ${number} `)
    return [`${transport}th dport ${endPort === undefined ? port : `${port}-${endPort}`} `]
  })
}

function numbersOf(name: string, protocol: string, pods: readonly Party[]): readonly number[] {
  const found = pods.flatMap(({ ports }) => ports.filter((one) => one.name === name && one.protocol === protocol))
  return unique(found.map(({ port }) => port))
}

/** Towards pods that number a named port differently each has its own. */
function namedPorts(ports: readonly NetworkPolicyPort[], pods: readonly Party[]): readonly string[] {
  return ports.flatMap(({ port, protocol = 'TCP' }) =>
    typeof port !== 'string'
      ? []
      : pods.flatMap((pod) =>
          numbersOf(port, protocol, [pod]).map(
            (number) => `ip daddr ${pod.ip} meta l4proto ${protocol.toLowerCase()} th dport ${number} accept`,
          ),
        ),
  )
}

/** The name server is no pod; whoever may reach what has its labels, at port 53, may reach it. */
function dnsAllowance(policy: NetworkPolicy, { ports, peers }: Rule, scene: Scene): readonly string[] {
  const { dns } = scene
  const isPeer = peers.length === 0 || peers.some((peer) => podsOfPeer(policy, peer, scene, [dns]).length > 0)
  if (!isPeer) return []
  const allows = (wanted: string) =>
    ports.length === 0 ||
    ports.some(({ protocol = 'TCP', port, endPort }) => {
      if (protocol !== wanted) return false
      if (port === undefined || port === 53 || port === 'dns' || port === 'dns-tcp') return true
      return typeof port === 'number' && endPort !== undefined && port <= 53 && 53 <= endPort
    })
  return ['UDP', 'TCP']
    .filter(allows)
    .map(
      (protocol) =>
        `ct original ip daddr ${dns.ip} meta l4proto ${protocol.toLowerCase()} ct original proto-dst 53 accept`,
    )
}

const unique = <T>(all: readonly T[]): readonly T[] => [...new Set(all)].sort()
