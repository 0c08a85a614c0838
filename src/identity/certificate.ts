import { createHash, createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { formatTime } from '../env/clock.ts'
import * as der from './der.ts'
import type { Der } from './der.ts'

/** A subject or issuer: the common name and, for a client, the groups that Kubernetes reads from its organizations. */
export interface DistinguishedName {
  readonly commonName: string
  readonly organizations?: readonly string[]
}

/** What a certificate is to say. `issuerKey` signs it; for an authority's own certificate that is its own key. */
export interface CertificateRequest {
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  readonly publicKey: KeyObject
  readonly issuerKey: KeyObject
  readonly serial: Uint8Array
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** A `peer` is server and client at once. */
  readonly usage: 'authority' | 'server' | 'client' | 'peer'
  /** DNS names and IP addresses that a server answers to. */
  readonly hosts?: readonly string[]
}

const ECDSA_WITH_SHA256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))

/** An X.509 version 3 certificate (RFC 5280) signed with ECDSA and SHA-256, in PEM. */
export function issueCertificate(request: CertificateRequest): string {
  const body = der.sequence(
    der.explicit(0, der.integer(Uint8Array.of(2))),
    der.integer(request.serial),
    ECDSA_WITH_SHA256,
    nameOf(request.issuer),
    der.sequence(der.time(formatTime(request.notBefore)), der.time(formatTime(request.notAfter))),
    nameOf(request.subject),
    request.publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(3, der.sequence(...extensionsOf(request))),
  )
  const signature = sign('sha256', body, request.issuerKey)
  return der.pem('CERTIFICATE', der.sequence(body, ECDSA_WITH_SHA256, der.bitString(signature)))
}

/** Organizations first, then the common name, each a set of its own: the order in which Go writes them. */
function nameOf(name: DistinguishedName): Der {
  const organizations = (name.organizations ?? []).map((value) => attribute('2.5.4.10', value))
  return der.sequence(...organizations, attribute('2.5.4.3', name.commonName))
}

const attribute = (type: string, value: string): Der =>
  der.set(der.sequence(der.objectIdentifier(type), der.utf8String(value)))

function extensionsOf(request: CertificateRequest): readonly Der[] {
  const authorityKeyId = extension('2.5.29.35', der.sequence(der.implicit(0, keyIdOf(publicHalf(request.issuerKey)))))
  const subjectKeyId = extension('2.5.29.14', der.octetString(keyIdOf(request.publicKey)))
  if (request.usage === 'authority') {
    const isAuthority = extension('2.5.29.19', der.sequence(der.boolean(true)), true)
    return [keyUsage(0b1010_0100, 2), isAuthority, subjectKeyId]
  }
  const purposes = PURPOSES[request.usage].map((purpose) => der.objectIdentifier(purpose))
  const extended = extension('2.5.29.37', der.sequence(...purposes))
  const notAuthority = extension('2.5.29.19', der.sequence(), true)
  const names = request.hosts?.length ? [extension('2.5.29.17', der.sequence(...request.hosts.map(generalName)))] : []
  return [keyUsage(0b1010_0000, 5), extended, notAuthority, authorityKeyId, ...names]
}

const SERVER = '1.3.6.1.5.5.7.3.1'
const CLIENT = '1.3.6.1.5.5.7.3.2'
const PURPOSES = { server: [SERVER], client: [CLIENT], peer: [SERVER, CLIENT] } as const

function extension(id: string, value: Der, critical = false): Der {
  return der.sequence(der.objectIdentifier(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value))
}

/** Bits from the left: digitalSignature, (nonRepudiation), keyEncipherment, ..., keyCertSign is the sixth. */
const keyUsage = (bits: number, unused: number): Der =>
  extension('2.5.29.15', der.bitString(Uint8Array.of(bits), unused), true)

function generalName(host: string): Der {
  const family = isIP(host)
  if (family === 0) return der.implicit(2, new TextEncoder().encode(host))
  return der.implicit(7, family === 4 ? Uint8Array.from(host.split('.').map(Number)) : ipv6Bytes(host))
}

function ipv6Bytes(address: string): Uint8Array {
  const [head = '', tail] = address.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)))
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  const all = [...before, ...Array.from({ length: zeros }, () => 0), ...after]
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

const publicHalf = (key: KeyObject): KeyObject => (key.type === 'public' ? key : createPublicKey(key))

/** Any value that is the same for the same key will do (RFC 5280, 4.2.1.2): the SHA-1 of its encoding. */
const keyIdOf = (key: KeyObject): Uint8Array =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
