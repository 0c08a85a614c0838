/** An address as its bytes: 4, or 16. */
export type IpBytes = readonly number[]

/**
 * Reads an address as Kubernetes' older fields do: zeros may lead in IPv4. IPv4 within IPv6 (`::ffff:1.2.3.4`) is IPv4.
 * Undefined where it is none.
 */
export function parseIp(text: string): IpBytes | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

function parseIpv4(text: string): IpBytes | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d+$/.test(part) && Number(part) <= 255)) return undefined
  return parts.map(Number)
}

function parseIpv6(text: string): IpBytes | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  if (before === undefined || after === undefined) return undefined
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const bytes = [...before, ...Array<number>(missing).fill(0), ...after].flatMap((group) => [group >> 8, group & 255])
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  return mapped ? bytes.slice(12) : bytes
}

/** The 16-bit groups of one side of `::`, the last two perhaps as an IPv4 address. */
function groupsOf(text: string): readonly number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const dotted = parts.at(-1)?.includes('.') === true ? parseIpv4(parts.pop() ?? '') : []
  if (dotted === undefined || !parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return undefined
  const [a, b, c, d] = dotted
  const last = a === undefined ? [] : [a * 256 + (b ?? 0), (c ?? 0) * 256 + (d ?? 0)]
  return [...parts.map((part) => Number.parseInt(part, 16)), ...last]
}

/** The canonical text of an address, RFC 5952 for IPv6. */
export function formatIp(bytes: IpBytes): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0))
  const { start, length } = longestZeros(groups)
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

/** A range of addresses, its bits beyond the prefix cleared. */
export interface Cidr {
  readonly base: IpBytes
  readonly prefix: number
}

export function parseCidr(text: string): Cidr | undefined {
  const [address = '', bits = '', ...more] = text.split('/')
  const bytes = parseIp(address)
  if (bytes === undefined || more.length > 0 || !/^\d+$/.test(bits)) return undefined
  const width = address.includes(':') ? 128 : 32
  if (Number(bits) > width) return undefined
  const prefix = Math.max(0, Number(bits) - (width - bytes.length * 8))
  return { base: masked(bytes, prefix), prefix }
}

export function cidrContains({ base, prefix }: Cidr, address: IpBytes): boolean {
  return address.length === base.length && masked(address, prefix).every((byte, i) => byte === base[i])
}

export const formatCidr = ({ base, prefix }: Cidr): string => `${formatIp(base)}/${prefix}`

function masked(bytes: IpBytes, prefix: number): IpBytes {
  return bytes.map((byte, i) => {
    const kept = Math.min(8, Math.max(0, prefix - i * 8))
    return byte & (0xff00 >> kept) & 0xff
  })
}
