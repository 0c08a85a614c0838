import type { Endpoints, Node, PersistentVolume, PersistentVolumeClaim, Service } from '../generated/core-v1.ts'
import type { EndpointSlice } from '../generated/discovery-v1.ts'
import type { Ingress, NetworkPolicy } from '../generated/networking-v1.ts'
import type { RuntimeClass } from '../generated/node-v1.ts'
import type { StorageClass } from '../generated/storage-v1.ts'
import { isHeadless } from '../validation/service-addresses.ts'
import { warnOfCidr, warnOfIp } from './address-warnings.ts'
import { deprecationOfLabel, warnOfTerm } from './node-labels.ts'
import { warnOfClaim } from './pod-warnings.ts'

const HINTS = 'service.kubernetes.io/topology-aware-hints'
const MODE = 'service.kubernetes.io/topology-mode'

export function warnOfService({ metadata, spec = {} }: Service): readonly string[] {
  const { clusterIPs = [], externalIPs = [], loadBalancerIP = '', loadBalancerSourceRanges = [] } = spec
  const warnings: string[] = []
  const annotated = metadata.annotations?.[HINTS] !== undefined
  if (annotated) warnings.push(`annotation ${HINTS} is deprecated, please use ${MODE} instead`)
  const headless = isHeadless(spec)
  if (headless) {
    if (loadBalancerIP !== '') warnings.push('spec.loadBalancerIP is ignored for headless services')
    if (externalIPs.length > 0) warnings.push('spec.externalIPs is ignored for headless services')
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services')
  } else warnings.push(...clusterIPs.flatMap((one, i) => warnOfIp(`spec.clusterIPs[${i}]`, one)))
  warnings.push(...externalIPs.flatMap((one, i) => warnOfIp(`spec.externalIPs[${i}]`, one)))
  if (loadBalancerIP !== '') warnings.push(...warnOfIp('spec.loadBalancerIP', loadBalancerIP))
  warnings.push(...loadBalancerSourceRanges.flatMap((one, i) => warnOfCidr(`spec.loadBalancerSourceRanges[${i}]`, one)))
  const isName = spec.type === 'ExternalName'
  if (isName && externalIPs.length > 0) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  if (isName || !spec.externalName) return warnings
  return [...warnings, 'spec.externalName is ignored when spec.type is not "ExternalName"']
}

/** Balancers' addresses in a status. */
export const warnOfBalancers = ({ status }: Service | Ingress): readonly string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip = '' }, i) => warnOfIp(`status.loadBalancer.ingress[${i}]`, ip))

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const CONTROLLERS = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io']

export function warnOfSlice({ metadata, endpoints, addressType }: EndpointSlice, isNew: boolean): readonly string[] {
  const warnings = isNew && addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []
  if (CONTROLLERS.includes(metadata.labels?.[MANAGED_BY] ?? '') || addressType === 'FQDN') return warnings
  const addresses = (endpoints ?? []).flatMap((endpoint, i) =>
    (endpoint.addresses ?? []).flatMap((one, j) => warnOfIp(`endpoints[${i}].addresses[${j}]`, one)),
  )
  return [...warnings, ...addresses]
}

export function warnOfEndpoints({ metadata, subsets = [] }: Endpoints): readonly string[] {
  if (metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return []
  return subsets.flatMap((subset, i) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
      (subset[list] ?? []).flatMap(({ ip }, j) => warnOfIp(`subsets[${i}].${list}[${j}].ip`, ip)),
    ),
  )
}

export function warnOfPolicy({ spec = {} as never }: NetworkPolicy): readonly string[] {
  const peers = [
    ...(spec.ingress ?? []).map((rule, i) => [rule.from, `spec.ingress[${i}].from`] as const),
    ...(spec.egress ?? []).map((rule, i) => [rule.to, `spec.egress[${i}].to`] as const),
  ]
  return peers.flatMap(([list = [], path]) =>
    list.flatMap(({ ipBlock }, j) => {
      if (ipBlock === undefined) return []
      const at = `${path}[${j}].ipBlock`
      const except = (ipBlock.except ?? []).flatMap((one, k) => warnOfCidr(`${at}.except[${k}]`, one))
      return [...warnOfCidr(`${at}.cidr`, ipBlock.cidr), ...except]
    }),
  )
}

const INGRESS_CLASS = 'kubernetes.io/ingress.class'

export function warnOfIngress({ metadata, spec }: Ingress): readonly string[] {
  const isOld = metadata.annotations?.[INGRESS_CLASS] !== undefined && spec?.ingressClassName === undefined
  return isOld ? [`annotation "${INGRESS_CLASS}" is deprecated, please use 'spec.ingressClassName' instead`] : []
}

export function warnOfNode({ spec = {} }: Node): readonly string[] {
  const warnings = (spec.podCIDRs ?? []).flatMap((one, i) => warnOfCidr(`spec.podCIDRs[${i}]`, one))
  if (!spec.externalID) return warnings
  return ['spec.externalID: this field is deprecated, and is unused by Kubernetes', ...warnings]
}

const STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class'

export function warnOfClaimObject({ metadata, spec }: PersistentVolumeClaim): readonly string[] {
  const text = 'deprecated since v1.8; use "storageClassName" attribute instead'
  const isOld = metadata.annotations?.[STORAGE_CLASS] !== undefined
  const own = isOld ? [`metadata.annotations[${STORAGE_CLASS}]: ${text}`] : []
  return [...own, ...warnOfClaim(spec?.resources, 'spec.resources')]
}

const GONE: Readonly<Record<string, readonly [shown: string, text: string]>> = {
  cephfs: ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  photonPersistentDisk: ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  scaleIO: ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  storageos: ['storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  glusterfs: ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  rbd: ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
}

export function warnOfVolumeObject({ metadata, spec = {} }: PersistentVolume): readonly string[] {
  const annotations: Readonly<Record<string, string>> = {
    [STORAGE_CLASS]: 'deprecated since v1.8; use "storageClassName" attribute instead',
    'volume.beta.kubernetes.io/mount-options': 'deprecated since v1.31; use "mountOptions" attribute instead',
  }
  const warnings = Object.entries(annotations).flatMap(([key, text]) =>
    metadata.annotations?.[key] === undefined ? [] : [`metadata.annotations[${key}]: ${text}`],
  )
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    const text =
      'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.'
    warnings.push(`spec.persistentVolumeReclaimPolicy: ${text}`)
  }
  spec.nodeAffinity?.required?.nodeSelectorTerms.forEach((term, i) => {
    warnings.push(...warnOfTerm(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, false))
  })
  const gone = Object.entries(GONE).filter(([field]) => spec[field as keyof typeof spec] !== undefined)
  return [...warnings, ...gone.map(([, [shown, text]]) => `spec.${shown}: ${text}`)]
}

export function warnOfStorageClass({ allowedTopologies = [] }: StorageClass): readonly string[] {
  return allowedTopologies.flatMap(({ matchLabelExpressions = [] }, i) =>
    matchLabelExpressions.flatMap(({ key }, j) => {
      const deprecation = deprecationOfLabel(key)
      return deprecation === undefined
        ? []
        : [`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${deprecation}`]
    }),
  )
}

export function warnOfRuntimeClass({ scheduling }: RuntimeClass): readonly string[] {
  return Object.keys(scheduling?.nodeSelector ?? {}).flatMap((label) => {
    const deprecation = deprecationOfLabel(label)
    return deprecation === undefined ? [] : [`scheduling.nodeSelector: ${deprecation}`]
  })
}
