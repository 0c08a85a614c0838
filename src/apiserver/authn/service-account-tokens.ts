import { formatTime } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { Claims, TokenKey } from '../../identity/json-web-token.ts'
import type { TokenClaims, TokenSigner } from '../subresources/token-signer.ts'
import type { UserInfo } from '../verbs/request.ts'

/** The issuer that Kubernetes' tokens name where no other is set. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local'

/** Whether what a token is bound to still exists with the same uid: looked up by the server, which has the store. */
export type BoundObjects = (kind: 'ServiceAccount' | 'Pod' | 'Secret' | 'Node', key: string) => string | undefined

interface PrivateClaims {
  readonly namespace: string
  readonly serviceaccount: Named
  readonly pod?: Named
  readonly secret?: Named
  readonly node?: Named
}

interface Named {
  readonly name: string
  readonly uid?: string
}

/**
 * Signs and reads service account tokens with Kubernetes' claims. `uidOf` gives the uid of what exists now, so that a
 * token ends with the account, pod or secret that it is bound to; without it, with its time alone.
 */
export function createServiceAccountTokens(
  environment: Environment,
  key: () => TokenKey,
  uidOf?: BoundObjects,
  issuer = ISSUER,
): TokenSigner {
  const nowSeconds = () => Math.floor(environment.clock.now() / 1000)
  return {
    defaultAudiences: [issuer],
    async sign(claims) {
      const now = nowSeconds()
      const expires = now + claims.expirationSeconds
      const { nodeName } = claims
      const uid = nodeName === undefined ? undefined : uidOf?.('Node', nodeName)
      const node = nodeName === undefined ? undefined : { name: nodeName, ...(uid !== undefined && { uid }) }
      const id = environment.random.uuid()
      const token = key().sign(claimsOf(claims, { issuer, now, expires, id, ...(node && { node }) }))
      return { token, expirationTimestamp: formatTime(expires * 1000) }
    },
    async review(token, audiences) {
      const claims = key().verify(token)
      if (claims === undefined || claims['iss'] !== issuer) return { authenticated: false }
      const now = nowSeconds()
      if (Number(claims['exp']) <= now) return refused('service account token has expired')
      if (Number(claims['nbf']) > now) return refused('service account token is not valid yet')
      const own = Array.isArray(claims['aud']) ? claims['aud'].map(String) : []
      const common = audiences.filter((audience) => own.includes(audience))
      if (common.length === 0)
        return refused(`token audiences ${quoted(own)} is invalid for the target audiences ${quoted(audiences)}`)
      const bound = claims['kubernetes.io'] as PrivateClaims
      const gone = uidOf === undefined ? undefined : missingObject(bound, uidOf)
      if (gone !== undefined) return refused(gone)
      return { authenticated: true, user: userOf(claims, bound), audiences: common }
    },
  }
}

const refused = (error: string) => ({ authenticated: false, error }) as const
const quoted = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`

interface Particulars {
  readonly issuer: string
  /** In seconds since 1970. */
  readonly now: number
  readonly expires: number
  readonly id: string
  readonly node?: Named
}

function claimsOf(claims: TokenClaims, { issuer, now, expires, id, node }: Particulars): Claims {
  const { namespace, serviceAccount, boundObject } = claims
  const bound = boundObject === undefined ? {} : { [boundObject.kind.toLowerCase()]: named(boundObject) }
  return {
    aud: claims.audiences,
    exp: expires,
    iat: now,
    iss: issuer,
    jti: id,
    'kubernetes.io': { namespace, ...(node && { node }), ...bound, serviceaccount: named(serviceAccount) },
    nbf: now,
    sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
  }
}

const named = ({ name, uid }: { readonly name: string; readonly uid: string }): Named => ({ name, uid })

function missingObject(bound: PrivateClaims, uidOf: BoundObjects): string | undefined {
  const { namespace, serviceaccount, pod, secret } = bound
  const accountUid = uidOf('ServiceAccount', `${namespace}/${serviceaccount.name}`)
  if (accountUid === undefined) return `serviceaccounts "${serviceaccount.name}" not found`
  if (accountUid !== serviceaccount.uid)
    return `service account UID (${accountUid}) does not match claim (${serviceaccount.uid})`
  if (pod !== undefined && uidOf('Pod', `${namespace}/${pod.name}`) !== pod.uid) return `pods "${pod.name}" not found`
  if (secret !== undefined && uidOf('Secret', `${namespace}/${secret.name}`) !== secret.uid) {
    return `secrets "${secret.name}" not found`
  }
  return undefined
}

function userOf(claims: Claims, { namespace, serviceaccount, pod, node }: PrivateClaims): UserInfo {
  const pods = pod === undefined ? {} : podExtra(pod)
  const nodes = node === undefined ? {} : nodeExtra(node)
  return {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    ...(serviceaccount.uid === undefined ? {} : { uid: serviceaccount.uid }),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${String(claims['jti'])}`], ...nodes, ...pods },
  }
}

const nodeExtra = ({ name, uid }: Named) => ({
  'authentication.kubernetes.io/node-name': [name],
  ...(uid !== undefined && { 'authentication.kubernetes.io/node-uid': [uid] }),
})

const podExtra = (pod: Named) => ({
  'authentication.kubernetes.io/pod-name': [pod.name],
  'authentication.kubernetes.io/pod-uid': [pod.uid ?? ''],
})
