import { formatCidr, formatIp, parseCidr, parseIp } from '../meta/ip-address.ts'

const isPadded = (address: string) => !address.includes(':') && /(^|\.)0\d/.test(address)
const isMapped = (address: string, bytes: readonly number[]) => address.includes(':') && bytes.length === 4
const quoted = (text: string) => JSON.stringify(text)

/** Of an address that is understood although it is not written as it should be. */
export function warnOfIp(path: string, value: string): readonly string[] {
  const bytes = parseIp(value)
  if (bytes === undefined) return []
  const form = formatIp(bytes)
  if (isPadded(value) || isMapped(value, bytes)) {
    return [
      `${path}: non-standard IP address ${quoted(value)} will be considered invalid in a future Kubernetes release: use ${quoted(form)}`,
    ]
  }
  if (bytes.length === 4 || form === value) return []
  return [`${path}: IPv6 address ${quoted(value)} should be in RFC 5952 canonical format (${quoted(form)})`]
}

/** Of a range of addresses, likewise. */
export function warnOfCidr(path: string, value: string): readonly string[] {
  const range = parseCidr(value)
  const [address = '', bits = ''] = value.split('/')
  const bytes = parseIp(address)
  if (range === undefined || bytes === undefined) return []
  const form = formatCidr(range)
  const warnings: string[] = []
  if (formatIp(bytes) !== formatIp(range.base)) {
    const single = `${formatIp(bytes)}/${bytes.length * 8}`
    warnings.push(
      `${path}: CIDR value ${quoted(value)} is ambiguous in this context (should be ${quoted(form)} or ${quoted(single)}?)`,
    )
  }
  if (isPadded(address) || isMapped(address, bytes) || /^0\d/.test(bits)) {
    warnings.push(
      `${path}: non-standard CIDR value ${quoted(value)} will be considered invalid in a future Kubernetes release: use ${quoted(form)}`,
    )
  }
  if (warnings.length > 0 || bytes.length === 4 || form === value) return warnings
  return [`${path}: IPv6 CIDR value ${quoted(value)} should be in RFC 5952 canonical format (${quoted(form)})`]
}
