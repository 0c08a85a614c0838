import type { Environment } from '../env/environment.ts'
import type { Informer } from './informer.ts'

/** How long a cache may take for its first list before whoever waits is told; in milliseconds. */
export const SYNC_DEADLINE_MS = 30_000

/** Informers did not get their first list in time. */
export class InformersNotSyncedError extends Error {
  override readonly name = 'InformersNotSyncedError'
  readonly code = 'INFORMERS_NOT_SYNCED'
  /** What each of those that are late does, with its last error. */
  readonly waitingFor: readonly string[]
  readonly hint =
    'shoal status says whether the API server answers; check that the user may list and watch these resources'

  constructor(waitingFor: readonly string[], deadlineMs: number) {
    super(`Cannot sync caches: after ${deadlineMs} ms still ${waitingFor.join('; ')}, expected a first list of each`)
    this.waitingFor = waitingFor
  }
}

/** Resolves when each informer has its first list; rejects with {@link InformersNotSyncedError} after the deadline. */
export async function whenSynced(
  env: Environment,
  informers: readonly Pick<Informer, 'synced' | 'hasSynced' | 'state'>[],
  deadlineMs: number = SYNC_DEADLINE_MS,
): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = env.timers.after(deadlineMs, () => {
    const waitingFor = informers.filter((informer) => !informer.hasSynced).map((informer) => informer.state)
    reject(new InformersNotSyncedError(waitingFor, deadlineMs))
  })
  try {
    await Promise.race([Promise.all(informers.map((informer) => informer.synced)), late])
  } finally {
    timer.cancel()
  }
}
