import type { PodSpec } from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems, dnsSubdomainProblems, labelKeyProblems } from '../meta/names.ts'
import { addQuantities, canonicalQuantity, compareQuantities } from '../meta/quantity.ts'
import { named } from './object-meta.ts'
import { isStandardResource, validateResources } from './resources.ts'

const SUPPORTED = ['cpu', 'hugepages-', 'memory']

/** Resources of a pod as a whole, and the claims that its containers may name. */
export function validatePodResources(spec: PodSpec, path: string): FieldError[] {
  const { resources } = spec
  if (resources === undefined) return []
  const at = `${path}.resources`
  if (spec.os?.name === 'windows') return [forbidden(at, 'may not be set for a windows pod')]
  const errors: FieldError[] = []
  if (resources.claims !== undefined) {
    errors.push(forbidden(`${at}.claims`, 'claims may not be set for Resources at pod-level'))
  }
  const claims = new Set(spec.resourceClaims?.map(({ name }) => name))
  errors.push(...validateResources(resources, at, claims, supportedProblems))
  return [...errors, ...validateRequests(spec, `${at}.requests`), ...validateLimits(spec, `${at}.containers`)]
}

function supportedProblems(name: string, path: string): FieldError[] {
  const own = labelKeyProblems(name)
  if (own.length > 0) return named(path, name, own)
  if (!name.includes('/') && !isStandardResource(name)) {
    return [invalid(path, name, 'must be a standard resource type or fully qualified')]
  }
  const isKnown = name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')
  return isKnown ? [] : [notSupported(path, name, SUPPORTED)]
}

/** What containers request together is requested of the pod too. */
function validateRequests({ resources, containers }: PodSpec, path: string): FieldError[] {
  return Object.entries(resources?.requests ?? {}).flatMap(([name, quantity]) => {
    const amounts = (containers ?? []).flatMap((one) => one.resources?.requests?.[name] ?? [])
    const total = amounts.reduce((sum: string | number, amount) => addQuantities(sum, amount), '0')
    if (compareQuantities(total, quantity) <= 0) return []
    const shown = canonicalQuantity(String(total)) ?? String(total)
    const detail = `must be greater than or equal to aggregate container requests of ${shown}`
    return [invalid(`${path}[${name}]`, String(quantity), detail)]
  })
}

function validateLimits({ resources, containers }: PodSpec, path: string): FieldError[] {
  return (containers ?? []).flatMap((container, i) =>
    Object.entries(container.resources?.limits ?? {}).flatMap(([name, limit]) => {
      const most = resources?.limits?.[name]
      if (most === undefined || compareQuantities(limit, most) <= 0) return []
      const detail = `must be less than or equal to pod limits of ${String(most)}`
      return [invalid(`${path}[${i}][${name}].limits`, String(limit), detail)]
    }),
  )
}

export function validateResourceClaims({ resourceClaims = [] }: PodSpec, path: string): FieldError[] {
  const seen = new Set<string>()
  return resourceClaims.flatMap((claim, i) => {
    const at = `${path}.resourceClaims[${i}]`
    const { name, resourceClaimName: own, resourceClaimTemplateName: template } = claim
    const shown = { Name: name, ResourceClaimName: own ?? null, ResourceClaimTemplateName: template ?? null }
    const errors: FieldError[] = []
    if (name === '') errors.push(required(`${at}.name`))
    else if (seen.has(name)) errors.push(duplicate(`${at}.name`, name))
    else errors.push(...named(`${at}.name`, name, dnsLabelProblems(name)))
    seen.add(name)
    if (own !== undefined && template !== undefined) {
      const detail = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'
      errors.push(invalid(at, shown, detail))
    }
    if (own === undefined && template === undefined) {
      errors.push(invalid(at, shown, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'))
    }
    for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
      const value = claim[field]
      if (value !== undefined) errors.push(...named(`${at}.${field}`, value, dnsSubdomainProblems(value)))
    }
    return errors
  })
}
