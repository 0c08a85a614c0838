import type {
  ComponentStatus,
  ConfigMap,
  Event,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  PodTemplate,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../generated/core-v1.ts'
import { ageOf } from '../meta/duration.ts'
import type { Cell, CellFunctions } from './column.ts'
import { containersOf, labelsText } from './workloads.ts'

const ROLE = 'node-role.kubernetes.io/'
const OLD_ROLE = 'kubernetes.io/role'

function nodeCells({ metadata, spec, status }: Node, nowMs: number): readonly Cell[] {
  const ready = status?.conditions?.find((one) => one.type === 'Ready')
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  const roles = new Set(
    Object.entries(metadata.labels ?? {})
      .map(([key, value]) => (key === OLD_ROLE ? value : key.startsWith(ROLE) ? key.slice(ROLE.length) : ''))
      .filter((role) => role !== ''),
  )
  const address = (type: string) => status?.addresses?.find((one) => one.type === type)?.address ?? '<none>'
  const info = status?.nodeInfo
  return [
    metadata.name ?? '',
    spec?.unschedulable === true ? `${state},SchedulingDisabled` : state,
    roles.size === 0 ? '<none>' : [...roles].sort().join(','),
    ageOf(metadata.creationTimestamp, nowMs),
    info?.kubeletVersion ?? '',
    address('InternalIP'),
    address('ExternalIP'),
    info?.osImage || '<unknown>',
    info?.kernelVersion || '<unknown>',
    info?.containerRuntimeVersion || '<unknown>',
  ]
}

function serviceCells({ metadata, spec = {}, status }: Service, nowMs: number): readonly Cell[] {
  const ports = (spec.ports ?? []).map(({ port, nodePort = 0, protocol }) =>
    nodePort > 0 ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
  const balanced = balancedAt(status?.loadBalancer?.ingress)
  return [
    metadata.name ?? '',
    spec.type ?? '',
    spec.clusterIPs?.[0] ?? '<none>',
    externalAddress(spec, balanced),
    ports.length === 0 ? '<none>' : ports.join(','),
    ageOf(metadata.creationTimestamp, nowMs),
    labelsText(spec.selector),
  ]
}

/** Where a load balancer listens: each address once, in order. */
export function balancedAt(
  ingress: readonly { readonly ip?: string; readonly hostname?: string }[] | undefined,
): string {
  const addresses = (ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((address) => address !== '')
  return [...new Set(addresses)].sort().join(',')
}

function externalAddress(spec: NonNullable<Service['spec']>, balanced: string): string {
  if (spec.type === 'ExternalName') return spec.externalName ?? ''
  const own = (spec.externalIPs ?? []).join(',')
  if (spec.type !== 'LoadBalancer') return own || '<none>'
  return [balanced, own].filter((text) => text !== '').join(',') || '<pending>'
}

function eventCells(event: Event, nowMs: number): readonly Cell[] {
  const { involvedObject: about, metadata } = event
  const first = event.firstTimestamp ?? event.eventTime
  const last = event.series === undefined ? (event.lastTimestamp ?? first) : event.series.lastObservedTime
  const component = event.source?.component || event.reportingComponent || ''
  const host = event.source?.host || event.reportingInstance || ''
  return [
    ageOf(last, nowMs),
    event.type ?? '',
    event.reason ?? '',
    `${(about?.kind ?? '').toLowerCase()}${about?.name ? `/${about.name}` : ''}`,
    about?.fieldPath ?? '',
    host === '' ? component : `${component}, ${host}`,
    (event.message ?? '').trim(),
    ageOf(first, nowMs),
    event.series === undefined ? event.count || 1 : (event.series.count ?? 0),
    metadata.name ?? '',
  ]
}

const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}
const modes = (list: readonly string[] | undefined) => (list ?? []).map((mode) => MODES[mode] ?? mode).join(',')

function volumeCells({ metadata, spec = {}, status }: PersistentVolume, nowMs: number): readonly Cell[] {
  const claim = spec.claimRef
  const dying = metadata.deletionTimestamp !== undefined
  return [
    metadata.name ?? '',
    String(spec.capacity?.['storage'] ?? ''),
    modes(spec.accessModes),
    spec.persistentVolumeReclaimPolicy ?? '',
    dying ? 'Terminating' : (status?.phase ?? ''),
    claim === undefined ? '' : `${claim.namespace}/${claim.name}`,
    spec.storageClassName ?? '',
    spec.volumeAttributesClassName ?? '<unset>',
    status?.reason ?? '',
    ageOf(metadata.creationTimestamp, nowMs),
    spec.volumeMode ?? '<unset>',
  ]
}

function claimCells({ metadata, spec = {}, status }: PersistentVolumeClaim, nowMs: number): readonly Cell[] {
  const bound = (spec.volumeName ?? '') !== ''
  return [
    metadata.name ?? '',
    metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    spec.volumeName ?? '',
    bound ? String(status?.capacity?.['storage'] ?? '') : '',
    bound ? modes(status?.accessModes) : '',
    spec.storageClassName ?? '',
    spec.volumeAttributesClassName ?? '<unset>',
    ageOf(metadata.creationTimestamp, nowMs),
    spec.volumeMode ?? '<unset>',
  ]
}

const count = (map: Readonly<Record<string, unknown>> | undefined) => Object.keys(map ?? {}).length

export const coreCells: CellFunctions = {
  nodes: nodeCells,
  services: serviceCells,
  events: eventCells,
  persistentvolumes: volumeCells,
  persistentvolumeclaims: claimCells,
  namespaces: ({ metadata, status }: Namespace, nowMs: number) => [
    metadata.name ?? '',
    status?.phase ?? '',
    ageOf(metadata.creationTimestamp, nowMs),
  ],
  configmaps: ({ metadata, data, binaryData }: ConfigMap, nowMs: number) => [
    metadata.name ?? '',
    count(data) + count(binaryData),
    ageOf(metadata.creationTimestamp, nowMs),
  ],
  secrets: ({ metadata, type, data }: Secret, nowMs: number) => [
    metadata.name ?? '',
    type ?? '',
    count(data),
    ageOf(metadata.creationTimestamp, nowMs),
  ],
  podtemplates: ({ metadata, template }: PodTemplate) => [
    metadata.name ?? '',
    ...containersOf(template),
    labelsText(template?.metadata?.labels),
  ],
  resourcequotas: ({ metadata, status }: ResourceQuota, nowMs: number) => {
    const shares = Object.entries(status?.hard ?? {})
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, hard]) => ({ name, text: `${name}: ${status?.used?.[name] ?? 0}/${hard}` }))
    const isLimit = ({ name }: { readonly name: string }) => name.startsWith('limits.')
    const textOf = (some: readonly { readonly text: string }[]) => some.map(({ text }) => text).join(', ')
    const requests = textOf(shares.filter((share) => !isLimit(share)))
    return [metadata.name ?? '', requests, textOf(shares.filter(isLimit)), ageOf(metadata.creationTimestamp, nowMs)]
  },
  componentstatuses: ({ metadata, conditions }: ComponentStatus) => {
    const healthy = conditions?.find(({ type }) => type === 'Healthy')
    const state = healthy === undefined ? 'Unknown' : healthy.status === 'True' ? 'Healthy' : 'Unhealthy'
    return [metadata.name ?? '', state, healthy?.message ?? '', healthy?.error ?? '']
  },
  serviceaccounts: ({ metadata, secrets }: ServiceAccount, nowMs: number) => [
    metadata.name ?? '',
    (secrets ?? []).length,
    ageOf(metadata.creationTimestamp, nowMs),
  ],
}
