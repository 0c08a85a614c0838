import type { Endpoints } from '../generated/core-v1.ts'
import type { EndpointSlice } from '../generated/discovery-v1.ts'
import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from '../generated/networking-v1.ts'
import { ageOf } from '../meta/duration.ts'
import type { Cell, CellFunctions } from './column.ts'
import { balancedAt } from './core.ts'
import { selectorText } from './workloads.ts'

const MOST_SHOWN = 3

/** The first three of `items`, and how many more there are. */
function shortList(items: readonly string[], none: string): string {
  if (items.length === 0) return none
  const shown = items.slice(0, MOST_SHOWN).join(',')
  return items.length > MOST_SHOWN ? `${shown} + ${items.length - MOST_SHOWN} more...` : shown
}

function ingressCells({ metadata, spec = {}, status }: Ingress, nowMs: number): readonly Cell[] {
  return [
    metadata.name ?? '',
    spec.ingressClassName ?? '<none>',
    hostsOf(spec.rules ?? []),
    balancedAt(status?.loadBalancer?.ingress),
    (spec.tls ?? []).length > 0 ? '80, 443' : '80',
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

/** Rules without a host are not shown, yet they count among those that are left out. */
function hostsOf(rules: readonly { readonly host?: string }[]): string {
  const hosts = rules.flatMap(({ host }) => (host ? [host] : []))
  if (hosts.length === 0) return '*'
  const shown = hosts.slice(0, MOST_SHOWN).join(',')
  const third = rules.indexOf(rules.filter(({ host }) => host)[MOST_SHOWN - 1] ?? {})
  const isCut = third >= 0 && third < rules.length - 1
  return isCut ? `${shown} + ${rules.length - MOST_SHOWN} more...` : shown
}

function ingressClassCells({ metadata, spec }: IngressClass, nowMs: number): readonly Cell[] {
  const { parameters } = spec ?? {}
  const group = parameters?.apiGroup === undefined ? '' : `.${parameters.apiGroup}`
  return [
    metadata.name ?? '',
    spec?.controller ?? '',
    parameters === undefined ? '<none>' : `${parameters.kind}${group}/${parameters.name}`,
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

function endpointsCells({ metadata, subsets }: Endpoints, nowMs: number): readonly Cell[] {
  const host = (ip: string) => (ip.includes(':') ? `[${ip}]` : ip)
  const all = (subsets ?? []).flatMap(({ addresses, ports }) =>
    (ports ?? []).length === 0
      ? (addresses ?? []).map(({ ip }) => ip)
      : (ports ?? []).flatMap(({ port }) => (addresses ?? []).map(({ ip }) => `${host(ip)}:${port}`)),
  )
  const text = (subsets ?? []).length === 0 ? '<none>' : shortList(all, '')
  return [metadata.name ?? '', text, ageOf(metadata.creationTimestamp, nowMs)]
}

function sliceCells({ metadata, addressType, ports, endpoints }: EndpointSlice, nowMs: number): readonly Cell[] {
  const numbers = (ports ?? []).map(({ port, name }) => String(port ?? name ?? '*'))
  return [
    metadata.name ?? '',
    addressType,
    shortList(numbers, '<unset>'),
    shortList(
      (endpoints ?? []).flatMap(({ addresses }) => addresses ?? []),
      '<unset>',
    ),
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

function addressCells({ metadata, spec }: IPAddress, nowMs: number): readonly Cell[] {
  const parent = spec?.parentRef
  const group = parent?.group ? `.${parent.group}` : ''
  const namespace = parent?.namespace ? `/${parent.namespace}` : ''
  const text =
    parent === undefined ? '<none>' : `${`${parent.resource}${group}`.toLowerCase()}${namespace}/${parent.name}`
  return [metadata.name ?? '', text, ageOf(metadata.creationTimestamp, nowMs)]
}

export const networkCells: CellFunctions = {
  'ingresses.networking.k8s.io': ingressCells,
  'ingressclasses.networking.k8s.io': ingressClassCells,
  endpoints: endpointsCells,
  'endpointslices.discovery.k8s.io': sliceCells,
  'ipaddresses.networking.k8s.io': addressCells,
  'networkpolicies.networking.k8s.io': ({ metadata, spec }: NetworkPolicy, nowMs: number) => [
    metadata.name ?? '',
    selectorText(spec?.podSelector),
    ageOf(metadata.creationTimestamp, nowMs),
  ],
  'servicecidrs.networking.k8s.io': ({ metadata, spec }: ServiceCIDR, nowMs: number) => [
    metadata.name ?? '',
    (spec?.cidrs ?? []).join(','),
    ageOf(metadata.creationTimestamp, nowMs),
  ],
}
