import type { ResourceRequirements } from '../generated/core-v1.ts'
import { invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { labelKeyProblems } from '../meta/names.ts'
import { compareQuantities, parseQuantity } from '../meta/quantity.ts'

const STANDARD = new Set(['cpu', 'memory', 'ephemeral-storage', 'storage'])

/** Requests within limits; whole numbers and no overcommitment for what is not cpu or memory. */
export function validateResources(resources: ResourceRequirements | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { limits = {}, requests = {} } = resources ?? {}
  for (const [name, quantity] of Object.entries(limits)) {
    errors.push(...validateQuantityOf(name, quantity, `${path}.limits[${name}]`, `${path}.limits`))
  }
  for (const [name, quantity] of Object.entries(requests)) {
    errors.push(...validateQuantityOf(name, quantity, `${path}.requests[${name}]`, `${path}.requests`))
    errors.push(...validateAgainstLimit(name, quantity, limits[name], path))
  }
  if (resources?.requests === undefined) return errors
  for (const name of Object.keys(limits)) {
    if (isExtended(name) && requests[name] === undefined) {
      errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'))
    }
  }
  return errors
}

function validateQuantityOf(name: string, quantity: string | number, path: string, listPath: string): FieldError[] {
  const errors = nameProblems(name).map((problem) => invalid(listPath, name, problem))
  if (compareQuantities(quantity, 0) < 0) {
    errors.push(invalid(path, String(quantity), 'must be greater than or equal to 0'))
  }
  if (isExtended(name) && !isWhole(quantity)) errors.push(invalid(path, String(quantity), 'must be an integer'))
  return errors
}

function nameProblems(name: string): readonly string[] {
  const problems = labelKeyProblems(name)
  if (problems.length > 0) return problems
  if (name.includes('/') || STANDARD.has(name) || name.startsWith('hugepages-')) return []
  return ['must be a standard resource type or fully qualified', 'must be a standard resource for containers']
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
