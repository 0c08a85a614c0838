import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import type { Environment } from '../env/environment.ts'
import { issueCertificate } from './certificate.ts'
import type { DistinguishedName } from './certificate.ts'
import type { KeyObjects } from './portable-keys.ts'

/** A certificate with its private key, both in PEM. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** Issues certificates that whoever holds `certificate` trusts. */
export interface Authority extends KeyPair {
  /** For a server that answers to `hosts` (DNS names and IP addresses), for a year. */
  issueServer(commonName: string, hosts: readonly string[]): KeyPair
  /** For a client that Kubernetes knows as user `name` in `groups`, for a year; with `keys`, or new ones on P-256. */
  issueClient(name: string, groups?: readonly string[], keys?: KeyObjects): KeyPair
  /** For somebody who both serves and dials, known by name alone, for a year. */
  issuePeer(commonName: string): KeyPair
  /** A certificate, in PEM, for a key that somebody else holds. */
  sign(request: SignedRequest): string
}

/** What is signed for another's key. */
export interface SignedRequest {
  readonly subject: DistinguishedName
  readonly publicKey: KeyObject
  /** By Kubernetes' names, such as `client auth`. */
  readonly usages: readonly string[]
  readonly hosts: readonly string[]
  readonly emails?: readonly string[]
  readonly uris?: readonly string[]
  /** From five minutes ago on; what is valid for less than eight hours is given those five minutes more. */
  readonly seconds: number
}

const DAY_MS = 24 * 3600 * 1000
/** Five minutes are a hundredth of it: what is valid for less is not cut by them. */
const SHORT_SECONDS = 8 * 3600
const AUTHORITY_DAYS = 3650
const CERTIFICATE_DAYS = 365
/** Certificates start a little in the past, so that a client whose clock is behind accepts them at once. */
const CLOCK_SKEW_MS = 5 * 60 * 1000
/** What has less than this left is issued again when it is loaded. */
export const RENEWAL_MS = 30 * DAY_MS

/** A new authority with a key of its own (ECDSA, P-256), valid for ten years. */
export function createAuthority(environment: Environment, commonName: string): Authority {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = { commonName }
  const certificate = issue(environment, {
    subject: name,
    issuer: name,
    publicKey: pair.publicKey,
    issuerKey: pair.privateKey,
    usage: 'authority',
    days: AUTHORITY_DAYS,
  })
  return authorityWith(environment, { certificate, key: exportKey(pair.privateKey) }, name, pair.privateKey)
}

/** The authority that was kept as `pair`. */
export function loadAuthority(environment: Environment, pair: KeyPair): Authority {
  const commonName = /CN=(.*)/.exec(new X509Certificate(pair.certificate).subject)?.[1] ?? ''
  return authorityWith(environment, pair, { commonName }, createPrivateKey(pair.key))
}

function authorityWith(environment: Environment, own: KeyPair, issuer: DistinguishedName, issuerKey: KeyObject) {
  const issueFor = (
    subject: DistinguishedName,
    usage: 'server' | 'client' | 'peer',
    hosts: readonly string[] = [],
    keys: KeyObjects = generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ): KeyPair => {
    const { publicKey, privateKey } = keys
    const request = { subject, issuer, publicKey, issuerKey, usage, hosts, days: CERTIFICATE_DAYS }
    return { certificate: issue(environment, request), key: exportKey(privateKey) }
  }
  return {
    ...own,
    issueServer: (commonName: string, hosts: readonly string[]) => issueFor({ commonName }, 'server', hosts),
    issueClient: (commonName: string, organizations: readonly string[] = [], keys?: KeyObjects) =>
      issueFor({ commonName, organizations }, 'client', [], keys),
    issuePeer: (commonName: string) => issueFor({ commonName }, 'peer'),
    sign: ({ seconds, usages, ...request }: SignedRequest) => {
      const wantedMs = seconds * 1000 - (seconds < SHORT_SECONDS ? 0 : CLOCK_SKEW_MS)
      const leftMs = Date.parse(new X509Certificate(own.certificate).validTo) - environment.clock.now()
      if (leftMs <= 0) throw new Error(`the signer has expired: ${-leftMs} ms ago`)
      return issue(environment, {
        ...request,
        usage: usages,
        issuer,
        issuerKey,
        days: Math.min(wantedMs, leftMs) / DAY_MS,
      })
    },
  }
}

type Request = Omit<Parameters<typeof issueCertificate>[0], 'serial' | 'notBefore' | 'notAfter'> & { days: number }

function issue({ clock, random }: Environment, { days, ...request }: Request): string {
  const now = clock.now()
  const serial = random.bytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  return issueCertificate({ ...request, serial, notBefore: now - CLOCK_SKEW_MS, notAfter: now + days * DAY_MS })
}

/** RSA keys in the form that every client library reads. */
const exportKey = (key: KeyObject): string =>
  String(key.export({ type: key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'pkcs8', format: 'pem' }))

/** Whether `pair` belongs together, was issued by `authority`, and has more than a month left at `now`. */
export function isCurrent(pair: KeyPair, authority: KeyPair, now: number, hosts: readonly string[] = []): boolean {
  const certificate = new X509Certificate(pair.certificate)
  const covers = (host: string) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host))
  return (
    certificate.checkPrivateKey(createPrivateKey(pair.key)) &&
    certificate.verify(new X509Certificate(authority.certificate).publicKey) &&
    Date.parse(certificate.validTo) - now > RENEWAL_MS &&
    hosts.every((host) => covers(host) !== undefined)
  )
}
