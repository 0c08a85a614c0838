import { isIPv4, isIPv6 } from 'node:net'
import type { Library } from '../functions.ts'
import { EvaluationError, Opaque } from '../values.ts'

/** An address: four or sixteen bytes. */
type Address = readonly number[]

interface Prefix {
  readonly address: Address
  readonly bits: number
}

type Ip = Opaque<Address>
type Cidr = Opaque<Prefix>

/** Kubernetes' addresses and networks. */
export const NETWORK: Library = {
  'ip(string) net.IP': (text: string) => ip(readAddress(text)),
  'isIP(string) bool': (text: string) => succeeds(() => readAddress(text)),
  'ip.isCanonical(string) bool': (text: string) => shown(readAddress(text)) === text,
  'string(net.IP) string': ({ value }: Ip) => shown(value),
  'net.IP::family() int': ({ value }: Ip) => (value.length === 4 ? 4n : 6n),
  'net.IP::isUnspecified() bool': ({ value }: Ip) => value.every((one) => one === 0),
  'net.IP::isLoopback() bool': ({ value }: Ip) => isLoopback(value),
  'net.IP::isLinkLocalMulticast() bool': ({ value }: Ip) => isLinkLocalMulticast(value),
  'net.IP::isLinkLocalUnicast() bool': ({ value }: Ip) => isLinkLocalUnicast(value),
  'net.IP::isGlobalUnicast() bool': ({ value }: Ip) => isGlobalUnicast(value),
  'cidr(string) net.CIDR': (text: string) => cidr(readPrefix(text)),
  'isCIDR(string) bool': (text: string) => succeeds(() => readPrefix(text)),
  'string(net.CIDR) string': ({ value }: Cidr) => shownPrefix(value),
  'net.CIDR::containsIP(string) bool': ({ value }: Cidr, text: string) => contains(value, readAddress(text)),
  'net.CIDR::containsIP(net.IP) bool': ({ value }: Cidr, other: Ip) => contains(value, other.value),
  'net.CIDR::containsCIDR(string) bool': ({ value }: Cidr, text: string) => containsPrefix(value, readPrefix(text)),
  'net.CIDR::containsCIDR(net.CIDR) bool': ({ value }: Cidr, other: Cidr) => containsPrefix(value, other.value),
  'net.CIDR::ip() net.IP': ({ value }: Cidr) => ip(value.address),
  'net.CIDR::prefixLength() int': ({ value }: Cidr) => BigInt(value.bits),
  'net.CIDR::masked() net.CIDR': ({ value }: Cidr) => cidr({ ...value, address: masked(value) }),
}

const ip = (address: Address): Ip => new Opaque('net.IP', address, shown(address), address.length)
const cidr = (prefix: Prefix): Cidr => new Opaque('net.CIDR', prefix, shownPrefix(prefix), Math.ceil(prefix.bits / 8))

function succeeds(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}

function readAddress(text: string): Address {
  const address = parseAddress(text)
  if (text.includes('%')) throw new EvaluationError(`IP address "${text}" with zone value is not allowed`)
  if (address === undefined) {
    const why = `ParseAddr("${text}"): unable to parse IP`
    throw new EvaluationError(`IP Address "${text}" parse error during conversion from string: ${why}`)
  }
  if (isMapped(address)) throw new EvaluationError(`IPv4-mapped IPv6 address "${text}" is not allowed`)
  return address
}

function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return /(^|\.)0\d/.test(text) ? undefined : text.split('.').map(Number)
  if (!isIPv6(text) || text.includes('%')) return undefined
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const last = (dotted?.[2] ?? '').split('.').map(Number)
  const hex = (a = 0, b = 0) => ((a << 8) | b).toString(16)
  const plain = dotted === null ? text : `${dotted[1] ?? ''}${hex(last[0], last[1])}:${hex(last[2], last[3])}`
  const [left = '', right] = plain.split('::')
  const words = (part: string) => (part === '' ? [] : part.split(':').map((one) => Number.parseInt(one, 16)))
  const [head, tail] = [words(left), words(right ?? '')]
  const gap = right === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => 0)
  return [...head, ...gap, ...tail].flatMap((word) => [word >> 8, word & 255])
}

const isMapped = (address: Address): boolean =>
  address.length === 16 && address.slice(0, 10).every((one) => one === 0) && address[10] === 255 && address[11] === 255

/** RFC 5952: the longest run of zero words, of two or more, is left out. */
function shown(address: Address): string {
  if (address.length === 4) return address.join('.')
  const words = Array.from({ length: 8 }, (_, i) => ((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0))
  let best = { start: -1, length: 1 }
  for (let i = 0; i < 8; i++) {
    let length = 0
    while (words[i + length] === 0) length++
    if (length > best.length) best = { start: i, length }
  }
  const text = (part: readonly number[]) => part.map((one) => one.toString(16)).join(':')
  if (best.start < 0) return text(words)
  return `${text(words.slice(0, best.start))}::${text(words.slice(best.start + best.length))}`
}

const shownPrefix = ({ address, bits }: Prefix): string => `${shown(address)}/${bits}`

function readPrefix(text: string): Prefix {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text)
  const address = match === null ? undefined : parseAddress(match[1] ?? '')
  const bits = Number(match?.[2])
  if (address === undefined || bits > address.length * 8 || /^0\d/.test(match?.[2] ?? '')) {
    const why = `netip.ParsePrefix("${text}"): ${match === null ? "no '/'" : 'unable to parse IP'}`
    throw new EvaluationError(`network address parse error during conversion from string: ${why}`)
  }
  if (isMapped(address)) throw new EvaluationError(`IPv4-mapped IPv6 address "${text}" is not allowed`)
  return { address, bits }
}

function masked({ address, bits }: Prefix): Address {
  return address.map((one, i) => {
    const kept = Math.max(0, Math.min(8, bits - 8 * i))
    return one & (0xff << (8 - kept)) & 0xff
  })
}

function contains({ address, bits }: Prefix, other: Address): boolean {
  if (address.length !== other.length) return false
  const wanted = masked({ address, bits })
  return masked({ address: other, bits }).every((one, i) => one === wanted[i])
}

function containsPrefix(outer: Prefix, inner: Prefix): boolean {
  return outer.bits <= inner.bits && contains(outer, inner.address)
}

function isLoopback(address: Address): boolean {
  if (address.length === 4) return address[0] === 127
  return address.slice(0, 15).every((one) => one === 0) && address[15] === 1
}

function isLinkLocalUnicast([first = 0, second = 0, ...rest]: Address): boolean {
  if (rest.length === 2) return first === 169 && second === 254
  return first === 0xfe && (second & 0xc0) === 0x80
}

function isLinkLocalMulticast([first = 0, second = 0, ...rest]: Address): boolean {
  if (rest.length === 2) return first === 224 && second === 0 && rest[0] === 0
  return first === 0xff && (second & 0x0f) === 0x02
}

function isGlobalUnicast(address: Address): boolean {
  const multicast = address.length === 4 ? ((address[0] ?? 0) & 0xf0) === 0xe0 : address[0] === 0xff
  const broadcast = address.length === 4 && address.every((one) => one === 255)
  const unspecified = address.every((one) => one === 0)
  return !multicast && !broadcast && !unspecified && !isLoopback(address) && !isLinkLocalUnicast(address)
}
