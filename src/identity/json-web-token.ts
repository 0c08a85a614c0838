import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** The claims of a token, as they are: JSON. */
export type Claims = Readonly<Record<string, unknown>>

/**
 * Signs and verifies JSON Web Tokens (RFC 7519) with ECDSA on P-256 and SHA-256 (`ES256`), the one algorithm in use
 * here: anything else in a token's header, `none` above all, is refused.
 */
export interface TokenKey {
  readonly privateKeyPem: string
  /** Identifies the key in token headers: derived from the public key, as Kubernetes derives it. */
  readonly keyId: string
  sign(claims: Claims): string
  /** The claims where the signature holds; times and audiences are for the caller to check. */
  verify(token: string): Claims | undefined
  /** The public key as a JSON Web Key, for whoever else must verify. */
  jwk(): Claims
}

/** A new key, or the one that was kept as `privateKeyPem`. */
export function createTokenKey(privateKeyPem?: string): TokenKey {
  const privateKey =
    privateKeyPem === undefined
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      : createPrivateKey(privateKeyPem)
  const publicKey = createPublicKey(privateKey)
  const keyId = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  return {
    privateKeyPem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    keyId,
    sign: (claims) => signToken(privateKey, keyId, claims),
    verify: (token) => verifyToken(publicKey, keyId, token),
    jwk: () => ({ use: 'sig', kid: keyId, alg: 'ES256', ...publicKey.export({ format: 'jwk' }) }),
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function signToken(key: KeyObject, keyId: string, claims: Claims): string {
  const content = `${encode({ alg: 'ES256', kid: keyId })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' })
  return `${content}.${signature.toString('base64url')}`
}

function verifyToken(key: KeyObject, keyId: string, token: string): Claims | undefined {
  const [header, claims, signature, ...more] = token.split('.')
  if (header === undefined || claims === undefined || signature === undefined || more.length > 0) return undefined
  const { alg, kid } = decode(header) ?? {}
  if (alg !== 'ES256' || (kid !== undefined && kid !== keyId)) return undefined
  const content = Buffer.from(`${header}.${claims}`)
  const holds = verify('sha256', content, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
  return holds ? decode(claims) : undefined
}

function decode(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Claims) : undefined
  } catch {
    return undefined
  }
}
