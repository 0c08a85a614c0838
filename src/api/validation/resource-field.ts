import type { ResourceFieldSelector } from '../generated/core-v1.ts'
import { invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { compareQuantities } from '../meta/quantity.ts'

const FIELDS = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
const HUGE_PAGES = /^(limits|requests)\.hugepages-/
const CPU_DIVISORS = ['1m', '1']
const BYTE_DIVISORS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']

/** Of an amount that a container is told about itself; files of a volume must say which container. */
export function validateResourceField(selector: ResourceFieldSelector, path: string, inVolume = false): FieldError[] {
  const { containerName = '', resource = '' } = selector
  const errors: FieldError[] = []
  if (inVolume && containerName === '') errors.push(required(`${path}.containerName`))
  else if (resource === '') errors.push(required(`${path}.resource`))
  else if (!FIELDS.includes(resource) && !HUGE_PAGES.test(resource)) {
    errors.push(notSupported(`${path}.resource`, resource, FIELDS))
  }
  return [...errors, ...validateDivisor(selector, `${path}.divisor`)]
}

function validateDivisor({ resource = '', divisor = '0' }: ResourceFieldSelector, path: string): FieldError[] {
  if (compareQuantities(divisor, 0) === 0) return []
  const refuse = (allowed: readonly string[], what: string) =>
    allowed.includes(String(divisor)) ? [] : [invalid(path, resource, `only divisor's values ${what}`)]
  if (resource.endsWith('.cpu')) return refuse(CPU_DIVISORS, '1m and 1 are supported with the cpu resource')
  const bytes = `${BYTE_DIVISORS.join(', ')} are supported with the`
  if (resource.endsWith('.memory')) return refuse(BYTE_DIVISORS, `${bytes} memory resource`)
  if (resource.endsWith('.ephemeral-storage')) return refuse(BYTE_DIVISORS, `${bytes} local ephemeral storage resource`)
  return HUGE_PAGES.test(resource) ? refuse(BYTE_DIVISORS, `${bytes} hugepages resource`) : []
}
