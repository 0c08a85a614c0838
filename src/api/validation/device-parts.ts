import type { DeviceSelector, OpaqueDeviceConfiguration } from '../generated/resource-v1.ts'
import { duplicate, invalid, required, tooLong, tooMany } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { cIdentifierProblems, dnsLabelProblems, dnsSubdomainProblems, labelKeyProblems } from '../meta/names.ts'
import { named, utf8Length } from './object-meta.ts'

/** Parts that claims, classes and slices of devices share. */

type Validate<T> = (item: T, path: string) => FieldError[]

/** Each item, and that there are no more than `most`. */
export function validateList<T>(
  items: readonly T[] | undefined,
  most: number,
  validate: Validate<T>,
  path: string,
): FieldError[] {
  const errors = (items ?? []).flatMap((item, i) => validate(item, `${path}[${i}]`))
  const { length = 0 } = items ?? []
  return length > most ? [...errors, tooMany(path, length, most)] : errors
}

/** As {@link validateList}, with the key of each there once; `field` is where it lies. */
export function validateSet<T>(
  items: readonly T[] | undefined,
  most: number,
  validate: Validate<T>,
  keyOf: (item: T) => string,
  path: string,
  field = '',
): FieldError[] {
  const errors = validateList(items, most, validate, path)
  const seen = new Set<string>()
  for (const [i, item] of (items ?? []).entries()) {
    const key = keyOf(item)
    if (seen.has(key)) errors.push(duplicate(`${path}[${i}]${field}`, key))
    seen.add(key)
  }
  return errors
}

const LONGEST_DRIVER = 63
const LONGEST_POOL = 253
const LONGEST_ID = 32
const LONGEST_PARAMETERS = 10 * 1024
const LONGEST_EXPRESSION = 10 * 1024

export const MOST_SELECTORS = 32
export const MOST_CONFIGS = 32
export const MOST_REQUESTS = 32

export const isSame = (item: string): string => item

export const validateLabelName = (name: string, path: string): FieldError[] => named(path, name, dnsLabelProblems(name))

export function validateDriver(driver: string, path: string): FieldError[] {
  const errors = driver === '' ? [required(path)] : []
  if (driver.length > LONGEST_DRIVER) errors.push(tooLong(path, LONGEST_DRIVER))
  return [...errors, ...named(path, driver, dnsSubdomainProblems(driver.toLowerCase()))]
}

/** Names of subdomains with slashes between them. */
export function validatePool(name: string, path: string): FieldError[] {
  if (name === '') return [required(path)]
  const errors = name.length > LONGEST_POOL ? [tooLong(path, LONGEST_POOL)] : []
  return [...errors, ...name.split('/').flatMap((part) => named(path, part, dnsSubdomainProblems(part)))]
}

/** An identifier, perhaps of a domain. */
export function validateQualifiedId(name: string, path: string): FieldError[] {
  if (name === '') return [required(path, 'name required')]
  const [first = '', second, ...more] = name.split('/')
  if (more.length > 0) return []
  if (second === undefined) return validateId(first, path)
  const ofDomain = first === '' ? [required(path, 'the domain must not be empty')] : validateDriver(first, path)
  const ofName = second === '' ? [required(path, 'the name must not be empty')] : validateId(second, path)
  return [...ofDomain, ...ofName]
}

export function validateFullyQualifiedId(name: string, path: string): FieldError[] {
  const errors = validateQualifiedId(name, path)
  return name === '' || name.includes('/') ? errors : [...errors, invalid(path, name, 'must include a domain')]
}

function validateId(id: string, path: string): FieldError[] {
  const long = id.length > LONGEST_ID ? [tooLong(path, LONGEST_ID)] : []
  return [...long, ...named(path, id, cIdentifierProblems(id))]
}

/** What a driver is told: an object whose form is the driver's matter. */
export function validateConfiguration(
  { opaque }: { readonly opaque?: OpaqueDeviceConfiguration },
  path: string,
  stored: boolean,
): FieldError[] {
  if (opaque === undefined) return [required(`${path}.opaque`)]
  const errors = validateDriver(opaque.driver, `${path}.opaque.driver`)
  return [...errors, ...validateParameters(opaque.parameters, `${path}.opaque.parameters`, stored)]
}

export function validateParameters(value: unknown, path: string, stored: boolean): FieldError[] {
  if (value === undefined || value === null) return [required(path)]
  if (!stored && utf8Length(JSON.stringify(value)) > LONGEST_PARAMETERS) return [tooLong(path, LONGEST_PARAMETERS)]
  if (typeof value === 'object' && !Array.isArray(value)) return []
  return [invalid(path, '<value omitted>', 'must be a valid JSON object')]
}

/** Whether there is an expression, and that it is not too long: what it says is looked at where expressions are known. */
export function validateSelector({ cel }: DeviceSelector, path: string): FieldError[] {
  if (cel === undefined) return [required(`${path}.cel`)]
  if (cel.expression.length <= LONGEST_EXPRESSION) return []
  return [tooLong(`${path}.cel.expression`, LONGEST_EXPRESSION)]
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const NORMAL_UID =
  'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'

export function validateShareId(id: string, path: string): FieldError[] {
  if (UUID.test(id)) return []
  if (UUID.test(id.toLowerCase())) return [invalid(path, id, NORMAL_UID)]
  return [invalid(path, id, `error validating uid: invalid UUID length: ${id.length}`)]
}

export const qualified = (name: string, path: string): FieldError[] => named(path, name, labelKeyProblems(name))
