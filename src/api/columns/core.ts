import type {
  ConfigMap,
  Event,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  Service,
  ServiceAccount,
} from '../generated/core-v1.ts'
import { ageOf } from '../meta/duration.ts'
import type { Cell, CellFunctions } from './column.ts'

const ROLE = 'node-role.kubernetes.io/'

function nodeCells({ metadata, spec, status }: Node, nowMs: number): readonly Cell[] {
  const ready = status?.conditions?.find((one) => one.type === 'Ready')
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  const roles = Object.keys(metadata.labels ?? {})
    .filter((key) => key.startsWith(ROLE))
    .map((key) => key.slice(ROLE.length))
  const address = (type: string) => status?.addresses?.find((one) => one.type === type)?.address ?? '<none>'
  const info = status?.nodeInfo
  return [
    metadata.name ?? '',
    spec?.unschedulable === true ? `${state},SchedulingDisabled` : state,
    roles.length === 0 ? '<none>' : roles.sort().join(','),
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
  const selector = Object.entries(spec.selector ?? {}).map(([key, value]) => `${key}=${value}`)
  const ports = (spec.ports ?? []).map(({ port, nodePort = 0, protocol }) =>
    nodePort > 0 ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
  const balanced = (status?.loadBalancer?.ingress ?? []).map((one) => one.ip ?? one.hostname ?? '').join(',')
  return [
    metadata.name ?? '',
    spec.type ?? '',
    spec.type === 'ExternalName' ? '<none>' : (spec.clusterIPs?.[0] ?? spec.clusterIP ?? '<none>'),
    externalAddress(spec, balanced),
    ports.length === 0 ? '<none>' : ports.join(','),
    ageOf(metadata.creationTimestamp, nowMs),
    selector.length === 0 ? '<none>' : selector.sort().join(','),
  ]
}

function externalAddress(spec: NonNullable<Service['spec']>, balanced: string): string {
  if (spec.type === 'ExternalName') return spec.externalName ?? '<none>'
  const own = (spec.externalIPs ?? []).join(',')
  if (spec.type !== 'LoadBalancer') return own || '<none>'
  return [balanced, own].filter((text) => text !== '').join(',') || '<pending>'
}

function eventCells(event: Event, nowMs: number): readonly Cell[] {
  const { involvedObject: about, metadata } = event
  const first = event.firstTimestamp ?? event.eventTime
  const last = event.series?.lastObservedTime ?? event.lastTimestamp ?? first
  const component = event.source?.component || event.reportingComponent || ''
  const host = event.source?.host || event.reportingInstance || ''
  return [
    ageOf(last, nowMs),
    event.type ?? '',
    event.reason ?? '',
    `${(about?.kind ?? '').toLowerCase()}/${about?.name ?? ''}`,
    about?.fieldPath ?? '',
    host === '' ? component : `${component}, ${host}`,
    (event.message ?? '').trim(),
    ageOf(first, nowMs),
    event.series?.count ?? event.count ?? 1,
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
  serviceaccounts: ({ metadata, secrets }: ServiceAccount, nowMs: number) => [
    metadata.name ?? '',
    (secrets ?? []).length,
    ageOf(metadata.creationTimestamp, nowMs),
  ],
}
