import type { KubeObject } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import { groupResourceOf } from '../api/resource-type.ts'
import { hasReason } from '../api/meta/status.ts'
import type { Client, Watch } from '../client/client.ts'
import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import type { InformerScope } from './scope.ts'
import type { Replica } from './replica.ts'

/** Back-off between attempts that fail: doubles from the first to the last, each drawn between half and the whole. */
export const REFLECTOR_BACKOFF = { firstMs: 50, lastMs: 30_000 } as const

export interface Reflector {
  /** What it does now, in words. */
  state(): string
  close(): void
}

/** Keeps `replica` equal to what the server has, until closed. */
export function startReflector<T extends KubeObject>(
  env: Environment,
  client: Client,
  type: ResourceType<T>,
  scope: InformerScope,
  replica: Replica<T>,
): Reflector {
  const [name, aborter] = [groupResourceOf(type), new AbortController()]
  let failures = 0
  let lastError: Error | undefined
  let doing = 'listing'
  let watch: Watch | undefined
  let timer: Timer | undefined
  // Always the newest state, never a cached one (version 0): whoever starts again must not see less than its earlier life
  // did, else it would create, bind or report a second time what it does not know of.
  const list = async (): Promise<void> => {
    doing = 'listing'
    try {
      replica.replace(await client.list(type, { ...scope, signal: aborter.signal }))
    } catch (error) {
      return retry(error as Error, relist)
    }
    failures = 0
    lastError = undefined
    follow()
  }

  const relist = () => void list()
  const take = (events: Parameters<typeof replica.apply>[0]): void => {
    if (aborter.signal.aborted) return
    failures = 0
    lastError = undefined
    replica.apply(events)
  }

  const follow = (): void => {
    if (aborter.signal.aborted) return
    doing = 'watching'
    const options = { ...scope, resourceVersion: replica.resourceVersion, allowWatchBookmarks: true }
    watch = client.watch(type, options, { events: take, closed: ended })
  }

  const ended = (error?: Error): void => {
    watch = undefined
    // Where the server has forgotten our version, only a fresh list helps; from anything else we go on where we were.
    const isForgotten = hasReason(error, 'Expired') || hasReason(error, 'Gone')
    retry(error, isForgotten ? relist : follow)
  }

  const retry = (error: Error | undefined, action: () => void): void => {
    if (aborter.signal.aborted) return
    lastError = error
    if (error !== undefined) env.log.debug('an informer tries again', { resource: name, doing, error })
    doing = 'waiting to try again'
    timer = env.timers.after(backoffMs(env, failures++), action, { background: true })
  }

  relist()
  return {
    state: () => `${doing} ${name}${lastError === undefined ? '' : `: ${lastError.message}`}`,
    close() {
      if (aborter.signal.aborted) return
      const reason = new Error(`Cannot sync ${name}: the informer was closed`)
      aborter.abort(reason)
      replica.abandon(reason)
      timer?.cancel()
      watch?.close()
    },
  }
}

/** The first attempt after a success follows at once; the more fail in a row, the longer the wait. */
function backoffMs(env: Environment, failures: number): number {
  if (failures === 0) return 0
  const full = Math.min(REFLECTOR_BACKOFF.lastMs, REFLECTOR_BACKOFF.firstMs * 2 ** Math.min(failures - 1, 20))
  return full * (0.5 + env.random.next() / 2)
}
