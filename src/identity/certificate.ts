import { createHash, createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { formatTime } from '../env/clock.ts'
import * as der from './der.ts'
import type { Der } from './der.ts'
import { purposesOf, usageBits } from './key-usages.ts'

/** A subject or issuer: the common name and, for a client, the groups that Kubernetes reads from its organizations. */
export interface DistinguishedName {
  readonly commonName: string
  readonly organizations?: readonly string[]
  /** Values of other attributes, by their object identifiers: country, unit and the like. */
  readonly others?: ReadonlyMap<string, readonly string[]>
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
  /** A `peer` is server and client at once; a list has Kubernetes' names of usages. */
  readonly usage: 'authority' | 'server' | 'client' | 'peer' | readonly string[]
  /** DNS names and IP addresses that a server answers to. */
  readonly hosts?: readonly string[]
  readonly emails?: readonly string[]
  readonly uris?: readonly string[]
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

const COMMON_NAME = '2.5.4.3'
const ORGANIZATION = '2.5.4.10'
/** Country, province, locality, street, postal code, organization, unit, common name, serial number: in Go's order. */
const NAME_ATTRIBUTES = [
  '2.5.4.6',
  '2.5.4.8',
  '2.5.4.7',
  '2.5.4.9',
  '2.5.4.17',
  ORGANIZATION,
  '2.5.4.11',
  COMMON_NAME,
  '2.5.4.5',
] as const

/** The values of an attribute are one set, whose members stand in the order of their bytes. */
function nameOf({ commonName, organizations = [], others }: DistinguishedName): Der {
  const valuesOf = (type: string) => {
    if (type === ORGANIZATION) return organizations
    return type === COMMON_NAME ? [commonName] : (others?.get(type) ?? [])
  }
  const sets = NAME_ATTRIBUTES.map((type) => valuesOf(type).map((value) => attribute(type, value))).filter(
    (values) => values.length > 0,
  )
  return der.sequence(...sets.map((values) => der.set(...values.toSorted(Buffer.compare))))
}

const attribute = (type: string, value: string): Der => der.sequence(der.objectIdentifier(type), der.utf8String(value))

function extensionsOf(request: CertificateRequest): readonly Der[] {
  const authorityKeyId = extension('2.5.29.35', der.sequence(der.implicit(0, keyIdOf(publicHalf(request.issuerKey)))))
  const subjectKeyId = extension('2.5.29.14', der.octetString(keyIdOf(request.publicKey)))
  if (request.usage === 'authority') {
    const isAuthority = extension('2.5.29.19', der.sequence(der.boolean(true)), true)
    // Signatures, keys of sessions, certificates.
    return [extension('2.5.29.15', der.bitString(Uint8Array.of(0b1010_0100), 2), true), isAuthority, subjectKeyId]
  }
  const usages = typeof request.usage === 'string' ? USAGES[request.usage] : request.usage
  const purposes = purposesOf(usages).map((purpose) => der.objectIdentifier(purpose))
  const bits = usageBits(usages)
  const names = alternativeNames(request)
  return [
    ...(bits === undefined ? [] : [extension('2.5.29.15', der.bitString(bits.bits, bits.unused), true)]),
    ...(purposes.length === 0 ? [] : [extension('2.5.29.37', der.sequence(...purposes))]),
    // Not an authority.
    extension('2.5.29.19', der.sequence(), true),
    authorityKeyId,
    ...(names.length === 0 ? [] : [extension('2.5.29.17', der.sequence(...names))]),
  ]
}

/** Names first, then addresses of people, of machines and of things: Go's order. */
function alternativeNames({ hosts = [], emails = [], uris = [] }: CertificateRequest): readonly Der[] {
  const ascii = (tag: number, values: readonly string[]) =>
    values.map((value) => der.implicit(tag, new TextEncoder().encode(value)))
  return [
    ...hosts.filter((host) => isIP(host) === 0).map(generalName),
    ...ascii(1, emails),
    ...hosts.filter((host) => isIP(host) !== 0).map(generalName),
    ...ascii(6, uris),
  ]
}

const TLS = ['digital signature', 'key encipherment']
const USAGES = {
  server: [...TLS, 'server auth'],
  client: [...TLS, 'client auth'],
  peer: [...TLS, 'server auth', 'client auth'],
} as const

function extension(id: string, value: Der, critical = false): Der {
  return der.sequence(der.objectIdentifier(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value))
}

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
