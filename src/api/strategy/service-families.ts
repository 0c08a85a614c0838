import type { Draft } from '../draft.ts'
import type { Service } from '../generated/core-v1.ts'
import { invalid, invalidError } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { isIpv6, validateServiceAddresses } from '../validation/service-addresses.ts'

type ServiceSpec = NonNullable<Draft<Service>['spec']>
type OldSpec = NonNullable<Service['spec']>

const TYPE = { group: '', kind: 'Service' }
const POLICY = 'spec.ipFamilyPolicy'

/** The one family of addresses that is given out. */
const FAMILY = 'IPv4'

/**
 * Says in which families of addresses a Service is served, and by which policy, where its author did not. Throws Invalid
 * where that cannot be: two families are only for who brings endpoints of their own.
 */
export function settleFamilies({ spec, metadata }: Draft<Service>, old: OldSpec | undefined): void {
  if (spec === undefined || spec.type === 'ExternalName') return
  const refuse = (errors: readonly FieldError[]) => {
    if (errors.length > 0) throw invalidError(TYPE, metadata.name ?? '', errors)
  }
  const isOpen = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0
  spec.ipFamilyPolicy ??= old?.ipFamilyPolicy ?? (isOpen ? 'RequireDualStack' : 'SingleStack')
  refuse(validateServiceAddresses(spec as OldSpec))
  const errors = old === undefined ? [] : releaseSecond(spec, old)
  errors.push(...checkSingle(spec), ...inferFamilies(spec))
  refuse(errors)
  if (isOpen) {
    const families = filled(spec.ipFamilies)
    const isDual = spec.ipFamilyPolicy !== 'SingleStack' && families.length < 2
    spec.ipFamilies = isDual ? [...families, families[0] === 'IPv4' ? 'IPv6' : 'IPv4'] : families
    return
  }
  refuse(checkConfigured(spec))
  spec.ipFamilies = filled(spec.ipFamilies)
}

const filled = (families: readonly string[] = []): string[] => (families.length === 0 ? [FAMILY] : [...families])

const sameList = (a: readonly string[] = [], b: readonly string[] = []) =>
  a.length === b.length && a.every((one, i) => one === b[i])

/** The wish for one family lets the second one go; without it nobody may take that away. */
function releaseSecond(spec: ServiceSpec, old: OldSpec): FieldError[] {
  const fields = ['clusterIPs', 'ipFamilies'] as const
  if (spec.ipFamilyPolicy === 'SingleStack') {
    for (const field of fields) {
      if (sameList(spec[field], old[field]) && spec[field] !== undefined) spec[field] = spec[field].slice(0, 1)
    }
    return []
  }
  const names = { clusterIPs: 'the secondary cluster IP', ipFamilies: 'the secondary IP family' }
  return fields.flatMap((field) => {
    const [now, before] = [spec[field] ?? [], old[field] ?? []]
    const isReduced = now.length > 0 && now.length < before.length
    return isReduced ? [invalid(POLICY, spec.ipFamilyPolicy, `must be 'SingleStack' to release ${names[field]}`)] : []
  })
}

function checkSingle({ ipFamilyPolicy, clusterIPs, ipFamilies }: ServiceSpec): FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return []
  const wanted = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
  const errors: FieldError[] = []
  if (clusterIPs?.length === 2) errors.push(invalid(POLICY, ipFamilyPolicy, `${wanted} cluster IPs are specified`))
  if (ipFamilies?.length === 2) errors.push(invalid(POLICY, ipFamilyPolicy, `${wanted} IP families are specified`))
  return errors
}

/** Addresses that are asked for say their families. */
function inferFamilies(spec: ServiceSpec): FieldError[] {
  const { clusterIPs = [] } = spec
  if (clusterIPs[0] === 'None') return []
  return clusterIPs.flatMap((address, i) => {
    if (i < (spec.ipFamilies ?? []).length) return []
    const family = isIpv6(address) ? 'IPv6' : 'IPv4'
    if (family !== FAMILY) {
      return [invalid(`spec.clusterIPs[${i}]`, clusterIPs, `${family} is not configured on this cluster`)]
    }
    spec.ipFamilies = [...(spec.ipFamilies ?? []), family]
    return []
  })
}

function checkConfigured({ ipFamilyPolicy, ipFamilies = [] }: ServiceSpec): FieldError[] {
  const single = 'this cluster is not configured for dual-stack services'
  const errors = ipFamilyPolicy === 'RequireDualStack' ? [invalid(POLICY, ipFamilyPolicy, single)] : []
  ipFamilies.forEach((family, i) => {
    if (family !== FAMILY) errors.push(invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'))
  })
  return errors
}
