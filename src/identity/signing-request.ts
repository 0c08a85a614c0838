import { createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { DistinguishedName } from './certificate.ts'

/** A request for a certificate (PKCS #10), as far as it is looked at. */
export interface SigningRequest {
  readonly subject: DistinguishedName
  readonly publicKey: KeyObject
  /** DNS names and IP addresses that it asks for. */
  readonly hosts: readonly string[]
  readonly emails: readonly string[]
  readonly uris: readonly string[]
}

/** Why a request cannot be used; the message is shown to whoever sent it. */
export class SigningRequestError extends Error {
  override readonly name = 'SigningRequestError'
}

/** Reads a request in PEM and checks that its sender holds the key. Throws a SigningRequestError. */
export function readSigningRequest(pem: string): SigningRequest {
  const [, label, body = ''] = /-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/.exec(pem) ?? []
  if (label !== 'CERTIFICATE REQUEST') {
    throw new SigningRequestError('PEM block type must be CERTIFICATE REQUEST')
  }
  try {
    return readDer(Buffer.from(body, 'base64'))
  } catch (error) {
    if (error instanceof SigningRequestError) throw error
    throw new SigningRequestError('asn1: structure error: the request cannot be parsed')
  }
}

interface Node {
  readonly tag: number
  readonly content: Buffer
  /** With its tag and length. */
  readonly whole: Buffer
}

function nodesOf(bytes: Buffer): readonly Node[] {
  const nodes: Node[] = []
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0
    const first = bytes[at + 1] ?? 0
    const count = first < 0x80 ? 0 : first & 0x7f
    const length = count === 0 ? first : bytes.readUIntBE(at + 2, count)
    const start = at + 2 + count
    if (start + length > bytes.length) throw new RangeError(`${length} bytes at ${start} of ${bytes.length}`)
    nodes.push({ tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) })
    at = start + length
  }
  return nodes
}

const within = ({ content }: Node): readonly Node[] => nodesOf(content)

function readDer(bytes: Buffer): SigningRequest {
  const [request] = nodesOf(bytes) as [Node]
  const [info, algorithm, signature] = within(request) as [Node, Node, Node]
  const [, subject, keyInfo, attributes] = within(info) as [Node, Node, Node, Node | undefined]
  const publicKey = createPublicKey({ key: keyInfo.whole, format: 'der', type: 'spki' })
  const [identifier] = within(algorithm) as [Node]
  const digest = DIGESTS[objectIdentifier(identifier.content)]
  if (digest === undefined) throw new SigningRequestError('x509: cannot verify signature: algorithm unimplemented')
  if (!verify(digest, info.whole, publicKey, signature.content.subarray(1))) {
    const isRsa = publicKey.asymmetricKeyType === 'rsa'
    throw new SigningRequestError(isRsa ? 'crypto/rsa: verification error' : 'x509: ECDSA verification failure')
  }
  const names = attributes === undefined ? [] : alternativeNames(attributes)
  const textsOf = (wanted: number) =>
    names.flatMap(({ tag, content }) => (tag === wanted ? [content.toString('latin1')] : []))
  return {
    subject: nameOf(subject),
    publicKey,
    hosts: names.flatMap(hostOf),
    emails: textsOf(EMAIL),
    uris: textsOf(URI),
  }
}

/** By the identifier of the signature's algorithm; null where the algorithm has its own. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
}

function objectIdentifier(bytes: Buffer): string {
  const parts: number[] = []
  let value = 0
  for (const byte of bytes) {
    value = value * 128 + (byte & 0x7f)
    if (byte >= 0x80) continue
    if (parts.length === 0)
      parts.push(Math.min(Math.floor(value / 40), 2), value - 40 * Math.min(Math.floor(value / 40), 2))
    else parts.push(value)
    value = 0
  }
  return parts.join('.')
}

const COMMON_NAME = '2.5.4.3'
const ORGANIZATION = '2.5.4.10'

function nameOf(subject: Node): DistinguishedName {
  const entries = within(subject).flatMap((set) =>
    within(set).map((one) => {
      const [type, value] = within(one) as [Node, Node]
      return [objectIdentifier(type.content), value.content.toString()] as const
    }),
  )
  const valuesOf = (wanted: string) => entries.flatMap(([type, value]) => (type === wanted ? [value] : []))
  const types = new Set(entries.map(([type]) => type).filter((type) => type !== COMMON_NAME && type !== ORGANIZATION))
  const others = new Map([...types].map((type) => [type, valuesOf(type)] as const))
  return { commonName: valuesOf(COMMON_NAME).at(-1) ?? '', organizations: valuesOf(ORGANIZATION), others }
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const ALTERNATIVE_NAMES = '2.5.29.17'
const DNS_NAME = 0x82
const IP_ADDRESS = 0x87
const EMAIL = 0x81
const URI = 0x86

function alternativeNames(attributes: Node): readonly Node[] {
  for (const attribute of within(attributes)) {
    const [type, values] = within(attribute) as [Node, Node]
    if (objectIdentifier(type.content) !== EXTENSION_REQUEST) continue
    const [list] = within(values) as [Node]
    const extension = within(list).find(
      (one) => objectIdentifier(within(one)[0]?.content ?? Buffer.of()) === ALTERNATIVE_NAMES,
    )
    const octets = extension === undefined ? undefined : within(extension).at(-1)
    const [names] = octets === undefined ? [] : within(octets)
    return names === undefined ? [] : within(names)
  }
  return []
}

function hostOf({ tag, content }: Node): readonly string[] {
  if (tag === DNS_NAME) return [content.toString('latin1')]
  if (tag !== IP_ADDRESS) return []
  if (content.length === 4) return [[...content].join('.')]
  return [Array.from({ length: 8 }, (_, i) => content.readUInt16BE(2 * i).toString(16)).join(':')]
}
