import type { Service } from '../../api/generated/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../../api/generated/discovery-v1.ts'

/** What the cluster's zone is made of. */
export interface ZoneView {
  readonly domain: string
  /** By `namespace/name`. */
  get(key: string): Service | undefined
  slicesOf(key: string): readonly EndpointSlice[]
  /** The services whose own address this is, and the slices that have an endpoint there. */
  at(ip: string): { readonly services: readonly Service[]; readonly slices: readonly EndpointSlice[] }
  hasNamespace(name: string): boolean
}

/** One record of an answer. Names have no dot at their end. */
export type ZoneRecord =
  | { readonly type: 'A' | 'AAAA'; readonly name: string; readonly address: string }
  | { readonly type: 'CNAME' | 'PTR'; readonly name: string; readonly domain: string }
  | {
      readonly type: 'SRV'
      readonly name: string
      readonly port: number
      readonly weight: number
      readonly target: string
    }
  | { readonly type: 'TXT'; readonly name: string; readonly data: string }

export interface ZoneAnswer {
  /** False: there is no such name, of whatever type. */
  readonly exists: boolean
  readonly answers: readonly ZoneRecord[]
  readonly additional: readonly ZoneRecord[]
}

const NOTHING: ZoneAnswer = { exists: false, answers: [], additional: [] }
const NO_SUCH_TYPE: ZoneAnswer = { exists: true, answers: [], additional: [] }
const REVERSE = '.in-addr.arpa'

/**
 * What the zone says of a name, after Kubernetes' specification of DNS, version 1.1.0, and CoreDNS where that leaves it open.
 * Undefined where the name is for others to answer.
 */
export function answerFor(view: ZoneView, asked: string, type: string): ZoneAnswer | undefined {
  const name = asked.toLowerCase()
  if (name.endsWith(REVERSE)) return reverse(view, name)
  const zone = `.${view.domain}`
  if (name === view.domain) return NO_SUCH_TYPE
  if (!name.endsWith(zone)) return undefined
  const labels = name.slice(0, -zone.length).split('.')
  const kind = labels.at(-1)
  if (kind === 'svc') return ofService(view, name, labels.slice(0, -1), type)
  if (kind === 'pod') return ofPod(view, name, labels.slice(0, -1), type)
  if (labels.join() !== 'dns-version') return NOTHING
  return type === 'TXT' ? found([{ type: 'TXT', name, data: '1.1.0' }]) : NO_SUCH_TYPE
}

const found = (answers: readonly ZoneRecord[], additional: readonly ZoneRecord[] = []): ZoneAnswer => ({
  exists: true,
  answers,
  additional,
})

/** The labels before `svc`: [_port, _protocol | host,] service, namespace. */
function ofService(view: ZoneView, name: string, labels: readonly string[], type: string): ZoneAnswer {
  const namespace = labels.at(-1)
  if (namespace === undefined) return NO_SUCH_TYPE
  const own = labels.at(-2)
  if (own === undefined) return view.hasNamespace(namespace) ? NO_SUCH_TYPE : NOTHING
  const key = `${namespace}/${own}`
  const service = view.get(key)
  if (service === undefined) return NOTHING
  const before = labels.slice(0, -2)
  const base = `${own}.${namespace}.svc.${view.domain}`
  const { spec } = service
  if (spec?.type === 'ExternalName') {
    return before.length > 0 ? NOTHING : found([{ type: 'CNAME', name, domain: spec.externalName ?? '' }])
  }
  const hosts = hostsOf(service, view.slicesOf(key), base)
  if (before.length === 0) return addressesOrPorts(name, type, hosts)
  if (before.length === 2 && before.every((label) => label.startsWith('_'))) {
    const [port = '', protocol = ''] = before.map((label) => label.slice(1))
    const isAsked = (one: HostPort) => one.name === port && one.protocol === protocol
    const chosen = hosts.map((host) => ({ ...host, ports: host.ports.filter(isAsked) }))
    if (chosen.every(({ ports }) => ports.length === 0)) return NOTHING
    return type === 'SRV' ? addressesOrPorts(name, type, chosen) : NO_SUCH_TYPE
  }
  const named = hosts.filter((host) => host.target === name && host.target !== base)
  return named.length === 0 ? NOTHING : addressesOrPorts(name, type, named)
}

interface HostPort {
  readonly name: string
  readonly protocol: string
  readonly port: number
}

/** A name that a Service's clients may end at: the Service's own, or that of an endpoint of a headless one. */
interface Host {
  readonly target: string
  readonly address: string
  readonly ports: readonly HostPort[]
}

function hostsOf({ spec }: Service, slices: readonly EndpointSlice[], base: string): readonly Host[] {
  const ips = (spec?.clusterIPs ?? []).filter((ip) => ip !== '' && ip !== 'None')
  if (ips.length > 0) {
    const ports = (spec?.ports ?? []).map(({ name = '', protocol = 'TCP', port }) => portOf(name, protocol, port))
    return ips.map((address) => ({ target: base, address, ports }))
  }
  return slices.flatMap((slice) =>
    readyOnes(slice).flatMap((endpoint) =>
      endpoint.addresses.map((address) => ({
        target: `${hostLabel(endpoint, address)}.${base}`,
        address,
        ports: (slice.ports ?? []).map(({ name = '', protocol = 'TCP', port = 0 }) => portOf(name, protocol, port)),
      })),
    ),
  )
}

const portOf = (name: string, protocol: string, port: number): HostPort => ({
  name: name.toLowerCase(),
  protocol: protocol.toLowerCase(),
  port,
})

const readyOnes = ({ endpoints }: EndpointSlice) =>
  (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false)

/** An endpoint without a host name is called by its address. */
const hostLabel = ({ hostname }: Endpoint, address: string) => hostname ?? address.replaceAll(/[.:]/g, '-')

function addressesOrPorts(name: string, type: string, hosts: readonly Host[]): ZoneAnswer {
  const addressType = ({ address }: Host) => (address.includes(':') ? 'AAAA' : 'A')
  const addressRecord = (host: Host, of: string): ZoneRecord => ({
    type: addressType(host),
    name: of,
    address: host.address,
  })
  if (type === 'A' || type === 'AAAA') {
    return found(hosts.filter((host) => addressType(host) === type).map((host) => addressRecord(host, name)))
  }
  if (type !== 'SRV') return NO_SUCH_TYPE
  const all = hosts.flatMap(({ target, ports }) => ports.map(({ port }) => ({ target, port })))
  const unique = [...new Map(all.map((one) => [`${one.target} ${one.port}`, one])).values()]
  const weight = Math.max(1, Math.floor(100 / Math.max(1, unique.length)))
  const answers = unique.map((one): ZoneRecord => ({ type: 'SRV', name, weight, ...one }))
  const used = hosts.filter(({ ports }) => ports.length > 0)
  return found(
    answers,
    used.map((host) => addressRecord(host, host.target)),
  )
}

const DASHED = /^(?:(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3}))$/

/** `10-0-0-1.namespace.pod`: a name for every address, whether there is such a pod or not. */
function ofPod(view: ZoneView, name: string, labels: readonly string[], type: string): ZoneAnswer {
  const [dashed, namespace] = labels.length === 2 ? labels : [undefined, labels[0]]
  if (namespace === undefined) return NO_SUCH_TYPE
  if (labels.length > 2 || !view.hasNamespace(namespace)) return NOTHING
  if (dashed === undefined) return NO_SUCH_TYPE
  if (!DASHED.test(dashed)) return NOTHING
  return type === 'A' ? found([{ type, name, address: dashed.replaceAll('-', '.') }]) : NO_SUCH_TYPE
}

/** Whose address that is, where it is one of the cluster's. */
function reverse(view: ZoneView, name: string): ZoneAnswer | undefined {
  const ip = name.slice(0, -REVERSE.length).split('.').reverse().join('.')
  const { services, slices } = view.at(ip)
  const nameOf = (service: string, namespace: string) => `${service}.${namespace}.svc.${view.domain}`
  const names = services.map(({ metadata }) => nameOf(metadata.name ?? '', metadata.namespace ?? ''))
  for (const slice of names.length === 0 ? slices : []) {
    const service = slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''
    const isHeadless = view.get(`${slice.metadata.namespace}/${service}`)?.spec?.clusterIP === 'None'
    for (const endpoint of isHeadless ? readyOnes(slice) : []) {
      if (!endpoint.addresses.includes(ip)) continue
      names.push(`${hostLabel(endpoint, ip)}.${nameOf(service, slice.metadata.namespace ?? '')}`)
    }
  }
  if (names.length === 0) return undefined
  return found(names.map((domain): ZoneRecord => ({ type: 'PTR', name, domain })))
}
