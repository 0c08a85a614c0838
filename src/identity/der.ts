/**
 * The part of DER (X.690) that certificates are written in. A whole certificate library costs more to load than the
 * cluster to start, and what is needed of it is this page: certificates are only ever written here, never read, which
 * OpenSSL does in `node:crypto` and `node:tls`.
 */
export type Der = Uint8Array

const text = new TextEncoder()

function tagged(tag: number, ...parts: readonly Uint8Array[]): Der {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content])
}

/** Below 128 the length itself; above, the number of length bytes with the high bit set, then those bytes. */
function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return [0x80 | bytes.length, ...bytes]
}

export const sequence = (...items: readonly Der[]): Der => tagged(0x30, ...items)
export const set = (...items: readonly Der[]): Der => tagged(0x31, ...items)
export const octetString = (content: Uint8Array): Der => tagged(0x04, content)
export const utf8String = (value: string): Der => tagged(0x0c, text.encode(value))
export const boolean = (value: boolean): Der => tagged(0x01, Uint8Array.of(value ? 0xff : 0))
/** A constructed value under a context-specific tag: `[number] EXPLICIT`. */
export const explicit = (number: number, content: Der): Der => tagged(0xa0 | number, content)
/** A primitive value under a context-specific tag: `[number] IMPLICIT`. */
export const implicit = (number: number, content: Uint8Array): Der => tagged(0x80 | number, content)

/** Bits that fill whole bytes, or all but the last `unused` bits of the last. */
export const bitString = (content: Uint8Array, unused = 0): Der => tagged(0x03, Uint8Array.of(unused), content)

/** A non-negative integer given by its big-endian bytes. */
export function integer(bytes: Uint8Array): Der {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const significant = bytes.subarray(start)
  return tagged(0x02, (significant[0] ?? 0) & 0x80 ? Uint8Array.of(0) : new Uint8Array(), significant)
}

/** An object identifier in its dotted form. */
export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): readonly number[] {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128))
  return bytes
}

/** UTCTime up to 2049 and GeneralizedTime from 2050 on, as RFC 5280 asks; `time` in RFC 3339, whole seconds, UTC. */
export function time(time: string): Der {
  const digits = time.replaceAll(/[-:T]/g, '')
  return time < '2050' ? tagged(0x17, text.encode(digits.slice(2))) : tagged(0x18, text.encode(digits))
}

/** DER between the lines that name its kind, as files and kubeconfigs carry it. */
export function pem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der).toString('base64')
  return `-----BEGIN ${label}-----\n${base64.replaceAll(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`
}
