import type { IPAddress, ServiceCIDR } from '../generated/networking-v1.ts'
import { invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsSubdomainProblems, pathSegmentProblems } from '../meta/names.ts'
import { validateCidr } from './addresses.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { goForm } from './go-form.ts'
import { immutable, named } from './object-meta.ts'

/** Its name, the address itself, is checked with the metadata. */
export function validateIpAddress({ spec }: IPAddress): FieldError[] {
  const parent = spec?.parentRef
  if (parent === undefined || parent === null) return [required('spec.parentRef')]
  const { group = '', resource = '', name = '', namespace = '' } = parent
  const path = 'spec.parentRef'
  const errors = group === '' ? [] : named(`${path}.group`, group, dnsSubdomainProblems(group))
  for (const [field, value] of Object.entries({ resource, name })) {
    if (value === '') errors.push(required(`${path}.${field}`))
    else errors.push(...named(`${path}.${field}`, value, pathSegmentProblems(value)))
  }
  if (namespace !== '') errors.push(...named(`${path}.namespace`, namespace, pathSegmentProblems(namespace)))
  return errors
}

export function validateIpAddressUpdate(one: IPAddress, old: IPAddress): FieldError[] {
  const [parent, before] = [one.spec?.parentRef, old.spec?.parentRef]
  if (semanticallyEqual(parent, before)) return []
  return [immutable('spec.parentRef', goForm('*networking.ParentReference', parent))]
}

const PATH = 'spec.cidrs'

export function validateServiceRange({ spec }: ServiceCIDR): FieldError[] {
  const cidrs = spec?.cidrs ?? []
  if (cidrs.length === 0) return [required(PATH, 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalid(PATH, { CIDRs: cidrs }, 'may only hold up to 2 values')]
  const errors = cidrs.flatMap((cidr, i) => validateCidr(`${PATH}[${i}]`, cidr))
  const [first = '', second] = cidrs
  if (errors.length === 0 && second !== undefined && first.includes(':') === second.includes(':')) {
    const detail = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
    errors.push(invalid(PATH, cidrs, detail))
  }
  return errors
}

/** A second range may be added; those that are there stay. */
export function validateServiceRangeUpdate(one: ServiceCIDR, old: ServiceCIDR, subresource?: string): FieldError[] {
  if (subresource !== undefined) return []
  const [cidrs, before] = [one.spec?.cidrs ?? [], old.spec?.cidrs ?? []]
  const added = before.length === 1 && cidrs.length === 2
  if (cidrs.length !== before.length && !added) return [immutable(PATH, one.spec?.cidrs ?? null)]
  const changed = before.flatMap((cidr, i) => (cidr === cidrs[i] ? [] : [immutable(`${PATH}[${i}]`, cidrs[i])]))
  return added ? [...changed, ...validateServiceRange(one)] : changed
}
