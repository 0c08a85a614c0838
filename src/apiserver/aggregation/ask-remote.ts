import type { Environment } from '../../env/environment.ts'
import type { KeyPair } from '../../identity/authority.ts'
import type { Store } from '../../store/store.ts'
import { answerOf, forward, forwardedHeaders } from './forward.ts'
import { addressOf } from './remote-service.ts'
import type { RemoteService } from './remote-service.ts'

export interface AggregationOptions {
  readonly store: Store
  readonly environment: Environment
  readonly identity: (() => KeyPair) | undefined
}

/** A document of another server, and the name that it gives to this state of it. */
export interface RemoteDocument {
  readonly value: unknown
  readonly etag: string | undefined
}

/** How long another server may take to say what it serves, and how much it may say. */
const TIMEOUT_MS = 5_000
const MAX_BYTES = 32 << 20

/** Reads a JSON document of another server, as the aggregator itself; undefined where it does not answer with one. */
export async function askRemote(
  { store, environment, identity }: AggregationOptions,
  service: RemoteService,
  url: string,
): Promise<RemoteDocument | undefined> {
  const address = addressOf(store.head(), service)
  if (typeof address === 'string') return undefined
  const deadline = new AbortController()
  const timer = environment.timers.after(TIMEOUT_MS, () => deadline.abort(), { background: true })
  try {
    const user = { name: 'system:kube-aggregator', groups: ['system:masters'] }
    const headers = forwardedHeaders({ accept: 'application/json' }, user)
    const from = { address, service, identity: identity?.(), signal: deadline.signal }
    const outgoing = await forward({ ...from, url, method: 'GET', headers })
    outgoing.end()
    const answer = await answerOf(outgoing)
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      if ((bytes += chunk.length) > MAX_BYTES) throw new Error(`${url} has more than ${MAX_BYTES} bytes`)
      chunks.push(chunk)
    }
    if (answer.statusCode !== 200)
      throw new Error(`bad status from https://${address.host}:${address.port}${url}: ${answer.statusCode ?? 0}`)
    return { value: JSON.parse(Buffer.concat(chunks).toString()) as unknown, etag: answer.headers.etag }
  } catch (error) {
    environment.log.debug('An aggregated API server does not answer', { group: service.group, url, error })
    return undefined
  } finally {
    timer.cancel()
  }
}
