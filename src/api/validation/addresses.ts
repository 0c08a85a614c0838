import { invalid } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { formatCidr, formatIp, parseCidr, parseIp } from '../meta/ip-address.ts'
import type { IpBytes } from '../meta/ip-address.ts'
import type { Problems } from '../meta/names.ts'

const ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const RANGE = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

/** Of an address in a field that has always been lenient about its form. */
export function validateLenientIp(path: string, value: string): FieldError[] {
  return parseIp(value) === undefined ? [invalid(path, value, ADDRESS)] : []
}

export function validateLenientCidr(path: string, value: string): FieldError[] {
  return parseCidr(value) === undefined ? [invalid(path, value, RANGE)] : []
}

const isZero = (bytes: IpBytes) => bytes.every((byte) => byte === 0)
const isLoopback = (bytes: IpBytes) =>
  bytes.length === 4 ? bytes[0] === 127 : isZero(bytes.slice(0, 15)) && bytes[15] === 1
const isLinkLocal = ([a = 0, b = 0, ...rest]: IpBytes) =>
  rest.length === 2 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80
const isLinkLocalMulticast = ([a = 0, b = 0, c = 0, ...rest]: IpBytes) =>
  rest.length === 1 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 2

/** What of a cluster decides what is valid in it. */
export interface Surroundings {
  /** Its pods and Services have their addresses in loopback, where a machine gives them no networks. */
  readonly podsOnLoopback: boolean
  /** What is said of a namespace; undefined where there is none. */
  readonly namespaceLabels?: (name: string) => Readonly<Record<string, string>> | undefined
}

/** From 127.20.0.0 on pods and Services have their addresses where a machine gives them no networks. */
const FIRST_OF_PODS = 20
const isOfPod = ([a, b = 0, ...rest]: IpBytes) => rest.length === 2 && a === 127 && b >= FIRST_OF_PODS

/** Of an address at which something else than this very machine is to be reached. */
export function validateEndpointIp(path: string, value: string, { podsOnLoopback }: Surroundings): FieldError[] {
  const bytes = parseIp(value)
  if (bytes === undefined) return [invalid(path, value, 'must be a valid IP address')]
  const errors: FieldError[] = []
  if (isZero(bytes)) errors.push(invalid(path, value, `may not be unspecified (${value})`))
  const inRange = (holds: boolean, range: string) => {
    if (holds) errors.push(invalid(path, value, `may not be in the ${range}`))
  }
  inRange(isLoopback(bytes) && !(podsOnLoopback && isOfPod(bytes)), 'loopback range (127.0.0.0/8, ::1/128)')
  inRange(isLinkLocal(bytes), 'link-local range (169.254.0.0/16, fe80::/10)')
  inRange(isLinkLocalMulticast(bytes), 'link-local multicast range (224.0.0.0/24, ff02::/10)')
  return errors
}

/** Of an address in its one canonical form. */
export function ipProblems(value: string): Problems {
  const bytes = parseIp(value)
  if (bytes === undefined) return [ADDRESS]
  if (bytes.length === 4 && value.includes(':')) return ['must not be an IPv4-mapped IPv6 address']
  if (bytes.length === 4 && /(^|\.)0\d/.test(value)) return ['must not have leading 0s']
  return formatIp(bytes) === value ? [] : [`must be in canonical form (${JSON.stringify(formatIp(bytes))})`]
}

/** Of a range in its one canonical form. */
export function validateCidr(path: string, value: string): FieldError[] {
  const range = parseCidr(value)
  if (range === undefined) return [invalid(path, value, RANGE)]
  const form = formatCidr(range)
  if (form === value) return []
  const [, bits = ''] = value.split('/')
  const [address = ''] = value.split('/')
  const bytes = parseIp(address) ?? []
  if (/(^|\.)0\d/.test(address) || /^0\d/.test(bits)) {
    return [invalid(path, value, 'must not have leading 0s in IP or prefix length')]
  }
  if (bytes.length === 4 && address.includes(':')) {
    return [invalid(path, value, 'must not have an IPv4-mapped IPv6 address')]
  }
  if (formatIp(bytes) !== formatIp(range.base)) {
    return [invalid(path, value, 'must not have bits set beyond the prefix length')]
  }
  return [invalid(path, value, `must be in canonical form (${JSON.stringify(form)})`)]
}
