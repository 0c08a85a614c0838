import type { Container, ResourceRequirements } from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid, notFound, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems, labelKeyProblems } from '../meta/names.ts'
import { compareQuantities, parseQuantity } from '../meta/quantity.ts'
import { named } from './object-meta.ts'

const STANDARD = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
  'storage',
  'requests.storage',
])

/** Requests within limits; whole numbers and no overcommitment for what is not cpu or memory. */
export function validateResources(
  resources: ResourceRequirements | undefined,
  path: string,
  claimNames: ReadonlySet<string> = new Set(),
  nameRule: NameRule = (name, at) => named(at, name, nameProblems(name)),
): FieldError[] {
  const errors: FieldError[] = []
  const { limits = {}, requests = {}, claims = [] } = resources ?? {}
  for (const [name, quantity] of Object.entries(limits)) {
    errors.push(...validateQuantityOf(name, quantity, `${path}.limits[${name}]`, nameRule))
  }
  for (const [name, quantity] of Object.entries(requests)) {
    errors.push(...validateQuantityOf(name, quantity, `${path}.requests[${name}]`, nameRule))
    errors.push(...validateAgainstLimit(name, quantity, limits[name], path))
  }
  const names = Object.keys({ ...limits, ...requests })
  if (names.some((name) => name.startsWith('hugepages-')) && !names.some((name) => OVERCOMMITTED.has(name))) {
    errors.push(forbidden(path, 'HugePages require cpu or memory'))
  }
  return [...errors, ...validateClaims(claims, `${path}.claims`, claimNames)]
}

const OVERCOMMITTED = new Set(['cpu', 'memory'])

function validateClaims(
  claims: NonNullable<ResourceRequirements['claims']>,
  path: string,
  known: ReadonlySet<string>,
): FieldError[] {
  const seen = new Set<string>()
  return claims.flatMap(({ name, request = '' }, i) => {
    const at = `${path}[${i}]`
    if (name === '') return [required(at)]
    const key = request === '' ? name : `${name}/${request}`
    const errors = request === '' ? [] : named(`${at}.request`, request, dnsLabelProblems(request))
    if (seen.has(name) || seen.has(key)) errors.push(duplicate(at, key))
    seen.add(key)
    const names = known.size === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`
    const unknown = notFound(at, name)
    const message = `${unknown.message}: must be one of the names in pod.spec.resourceClaims${names}`
    return known.has(name) ? errors : [...errors, { ...unknown, message }]
  })
}

const RESIZABLE = ['cpu', 'memory']
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer']

/** What happens to a running container when its resources change. */
export function validateResizePolicy(
  { resizePolicy = [] }: Pick<Container, 'resizePolicy'>,
  path: string,
  restartPolicy: string | undefined,
): FieldError[] {
  const seen = new Set<string>()
  return resizePolicy.flatMap(({ resourceName, restartPolicy: onResize }) => {
    const errors = seen.has(resourceName) ? [duplicate(path, resourceName)] : []
    seen.add(resourceName)
    if (resourceName === '') errors.push(required(path))
    else if (!RESIZABLE.includes(resourceName)) errors.push(notSupported(path, resourceName, RESIZABLE))
    if (onResize === '') errors.push(required(path))
    else if (!RESIZE_POLICIES.includes(onResize)) errors.push(notSupported(path, onResize, RESIZE_POLICIES))
    if (restartPolicy === 'Never' && onResize !== 'NotRequired') {
      errors.push(invalid(path, onResize, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
    }
    return errors
  })
}

/** Which resources may be asked for. */
type NameRule = (name: string, path: string) => FieldError[]

function validateQuantityOf(name: string, quantity: string | number, path: string, rule: NameRule): FieldError[] {
  const errors = rule(name, path)
  if (compareQuantities(quantity, 0) < 0) {
    errors.push(invalid(path, String(quantity), 'must be greater than or equal to 0'))
  }
  if (isExtended(name) && !isWhole(quantity)) errors.push(invalid(path, String(quantity), 'must be an integer'))
  return errors
}

const PLAIN = new Set(['cpu', 'memory', 'ephemeral-storage'])

/** An unqualified name must be a standard one, and one of those that containers have. */
export function nameProblems(name: string): readonly string[] {
  if (name.includes('/')) return labelKeyProblems(name)
  const ofContainers = PLAIN.has(name) || name.startsWith('hugepages-')
  return [...standardProblems(name), ...(ofContainers ? [] : ['must be a standard resource for containers'])]
}

/** An unqualified name must be a standard one. */
export function standardProblems(name: string): readonly string[] {
  const own = labelKeyProblems(name)
  if (own.length > 0 || name.includes('/') || isStandardResource(name)) return own
  return ['must be a standard resource type or fully qualified']
}

export const isStandardResource = (name: string) => STANDARD.has(name) || name.startsWith('hugepages-')

/** Kubernetes' own: without a domain, or with one of its. */
export const isNative = (name: string) => !name.includes('/') || name.includes('kubernetes.io/')

/** A resource that nodes offer beside Kubernetes' own: whole numbers of it. */
export const isExtendedResource = (name: string): boolean =>
  !isNative(name) && !name.startsWith('requests.') && labelKeyProblems(`requests.${name}`).length === 0

/** Objects are counted. */
export const COUNTED: readonly string[] = [
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]

/** As ValidateResourceQuantityValue: not negative, and whole where it counts. */
export function validateAmount(name: string, quantity: string | number, path: string): FieldError[] {
  const shown = String(quantity)
  const errors = compareQuantities(quantity, 0) < 0 ? [invalid(path, shown, 'must be greater than or equal to 0')] : []
  const counts = COUNTED.includes(name) || isExtendedResource(name)
  return counts && !isWhole(quantity) ? [...errors, invalid(path, shown, 'must be an integer')] : errors
}

const isExtended = (name: string) => name.includes('/') || name.startsWith('hugepages-')

function isWhole(quantity: string | number): boolean {
  return (parseQuantity(quantity)?.nanos ?? 0n) % 1_000_000_000n === 0n
}

function validateAgainstLimit(
  name: string,
  request: string | number,
  limit: string | number | undefined,
  path: string,
): FieldError[] {
  if (limit === undefined) {
    if (!isExtended(name)) return []
    return [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')]
  }
  const difference = compareQuantities(request, limit)
  if (isExtended(name) && difference !== 0) {
    return [invalid(`${path}.requests`, String(request), `must be equal to ${name} limit of ${limit}`)]
  }
  if (difference <= 0) return []
  return [invalid(`${path}.requests`, String(request), `must be less than or equal to ${name} limit of ${limit}`)]
}

/** What a pod takes beside what its containers ask for. */
export const validateOverhead = (overhead: ResourceRequirements['limits'], path: string): FieldError[] =>
  overhead === undefined ? [] : validateResources({ limits: overhead }, path)
