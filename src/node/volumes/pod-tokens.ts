import type { Pod, ServiceAccountTokenProjection } from '../../api/generated/core-v1.ts'
import type { TokenRequest } from '../../api/generated/authentication-v1.ts'
import { serviceAccounts } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import type { Clock } from '../../env/clock.ts'

/** A token, and when another is to be asked for, on the wall clock. */
interface HeldToken {
  readonly token: string
  readonly refreshAtMs: number
}

/** The tokens of one pod's projected volumes: each is asked for once, and again before it expires. */
export interface PodTokens {
  tokenFor(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string>
  /** When the first of them has to be renewed; undefined where there is none. */
  readonly refreshAtMs: number | undefined
}

/** The kubelet renews a token after four fifths of its life, and after a day at the latest. */
const LIFE_SHARE = 0.8
const MOST_AGE_MS = 24 * 3_600_000
const DEFAULT_SECONDS = 3_607

export function createPodTokens(client: Client, clock: Clock): PodTokens {
  const held = new Map<string, HeldToken>()
  return {
    get refreshAtMs() {
      return held.size === 0 ? undefined : Math.min(...[...held.values()].map((each) => each.refreshAtMs))
    },
    async tokenFor(pod, projection) {
      const key = JSON.stringify([projection.audience, projection.expirationSeconds, projection.path])
      const known = held.get(key)
      if (known !== undefined && known.refreshAtMs > clock.now()) return known.token
      const fresh = await request(client, clock, pod, projection)
      held.set(key, fresh)
      return fresh.token
    },
  }
}

async function request(
  client: Client,
  clock: Clock,
  { metadata, spec }: Pod,
  { audience, expirationSeconds = DEFAULT_SECONDS }: ServiceAccountTokenProjection,
): Promise<HeldToken> {
  const { name = '', namespace = '', uid = '' } = metadata
  const wanted: TokenRequest = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: {
      audiences: audience === undefined ? [] : [audience],
      expirationSeconds,
      boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid },
    },
  }
  const key = { namespace, name: spec?.serviceAccountName ?? 'default' }
  const answer = await client.createSubresource<TokenRequest>(serviceAccounts, key, 'token', wanted)
  const nowMs = clock.now()
  const lifeMs = Date.parse(answer.status?.expirationTimestamp ?? '') - nowMs || expirationSeconds * 1000
  return { token: answer.status?.token ?? '', refreshAtMs: nowMs + Math.min(MOST_AGE_MS, lifeMs * LIFE_SHARE) }
}
