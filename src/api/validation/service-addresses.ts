import type { Service, ServiceSpec } from '../generated/core-v1.ts'
import { duplicate, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { parseIp } from '../meta/ip-address.ts'
import { validateLenientIp } from './addresses.ts'

const FAMILIES = ['IPv4', 'IPv6']
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const ADDRESSES = 'spec.clusterIPs'

export const isHeadless = ({ clusterIP, clusterIPs }: ServiceSpec): boolean =>
  clusterIPs?.length === 1 ? clusterIPs[0] === 'None' : clusterIPs === undefined && clusterIP === 'None'

export const isIpv6 = (address: string): boolean => address.includes(':') && parseIp(address)?.length === 16

/** What is wrong with a Service's addresses, their families and the policy for them, and how they go together. */
export function validateServiceAddresses(spec: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName') return []
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec
  const errors = [...validateFirst(spec)]
  ipFamilies.forEach((family, i) => {
    if (!FAMILIES.includes(family)) errors.push(notSupported(`spec.ipFamilies[${i}]`, family, FAMILIES))
    if (ipFamilies.indexOf(family) < i) errors.push(duplicate(`spec.ipFamilies[${i}]`, family))
  })
  if (ipFamilyPolicy !== undefined && !POLICIES.includes(ipFamilyPolicy)) {
    errors.push(notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, POLICIES))
  }
  const malformed = validateEach(clusterIPs)
  errors.push(...malformed)
  if (clusterIPs.length > 2) errors.push(invalid(ADDRESSES, clusterIPs, 'may only hold up to 2 values'))
  return malformed.length > 0 ? errors : [...errors, ...validateTogether(spec)]
}

/** `clusterIP` is the first of `clusterIPs`. */
function validateFirst({ clusterIP = '', clusterIPs = [] }: ServiceSpec): FieldError[] {
  if (clusterIP === '') {
    if (clusterIPs.length === 0) return []
    return [invalid(ADDRESSES, clusterIPs, 'must be empty when `clusterIP` is not specified')]
  }
  if (clusterIPs.length === 0) return [required(ADDRESSES)]
  return clusterIPs[0] === clusterIP ? [] : [invalid(ADDRESSES, clusterIPs, 'first value must match `clusterIP`')]
}

function validateEach(addresses: readonly string[]): FieldError[] {
  return addresses.flatMap((address, i) => {
    if (i > 0 || address !== 'None') return validateLenientIp(`${ADDRESSES}[${i}]`, address)
    return addresses.length > 1 ? [invalid(ADDRESSES, addresses, "'None' must be the first and only value")] : []
  })
}

function validateTogether(spec: ServiceSpec): FieldError[] {
  const { clusterIPs = [], ipFamilies = [] } = spec
  const errors: FieldError[] = []
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(isIpv6)).size < 2) {
    errors.push(invalid(ADDRESSES, clusterIPs, 'may specify no more than one IP for each IP family'))
  }
  if (isHeadless(spec)) return errors
  clusterIPs.slice(0, ipFamilies.length).forEach((address, i) => {
    const family = isIpv6(address) ? 'IPv6' : 'IPv4'
    const wanted = ipFamilies[i] ?? ''
    if (family === wanted || !FAMILIES.includes(wanted)) return
    errors.push(
      invalid(`${ADDRESSES}[${i}]`, address, `expected an ${wanted} value as indicated by \`ipFamilies[${i}]\``),
    )
  })
  return errors
}

/** Addresses and families stay as they were given first; a second one of each may come and go. */
export function validateServiceAddressUpdate(service: Service, old: Service): FieldError[] {
  const [spec, before] = [service.spec ?? {}, old.spec ?? {}]
  if (spec.type === 'ExternalName' || before.type === 'ExternalName') return []
  const [now, then] = [isHeadless(spec), isHeadless(before)]
  const errors: FieldError[] = now && then ? [] : validateKept('clusterIPs', spec, before)
  return now || then ? errors : [...errors, ...validateKept('ipFamilies', spec, before)]
}

type ListField = 'clusterIPs' | 'ipFamilies'

const WORDS = {
  clusterIPs: { unset: 'primary clusterIP can not be unset', released: 'the secondary clusterIP' },
  ipFamilies: { unset: 'primary ipFamily can not be unset', released: 'the secondary ipFamily' },
}

function validateKept(field: ListField, spec: ServiceSpec, before: ServiceSpec): FieldError[] {
  const values: readonly string[] = spec[field] ?? []
  const had: readonly string[] = before[field] ?? []
  const first = `spec.${field}[0]`
  const unchangeable = 'may not change once set'
  if (had.length === values.length) {
    const changed = had.flatMap((one, i) => (one === values[i] ? [] : [i]))
    return changed.map((i) => invalid(field === 'clusterIPs' ? `spec.${field}[${i}]` : first, values, unchangeable))
  }
  const errors: FieldError[] = []
  // Kubernetes shows the addresses even where the families have changed.
  const shown = field === 'clusterIPs' ? values : spec.clusterIPs
  const isReleased = had.length > values.length
  if (isReleased && (spec.clusterIPs ?? []).length === 0) errors.push(invalid(first, spec[field], WORDS[field].unset))
  if (had.length > 0 && values.length > 0 && values[0] !== had[0]) errors.push(invalid(first, shown, unchangeable))
  if (isReleased && values.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    const detail = `must be set to 'SingleStack' when releasing ${WORDS[field].released}`
    errors.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, detail))
  }
  return errors
}
