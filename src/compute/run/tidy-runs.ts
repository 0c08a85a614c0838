import { hasReason } from '../../api/meta/status.ts'
import type { Client } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { runs } from './run.ts'
import type { Run, RunStatus } from './run.ts'

export interface TidyOptions {
  readonly client: Client
  readonly env: Environment
  readonly namespace: string
}

/** A driver that has said nothing for so long is gone, in milliseconds: six heartbeats. */
export const LOST_MS = 60_000
/** A driver in the cluster has a Job that may have to start it again elsewhere. */
const DRIVER_LOST_MS = 15 * 60_000
/** So many runs that are over are kept in a namespace, the newest. */
export const HISTORY_LIMIT = 50

/**
 * Marks runs whose drivers are gone as failed, which they cannot do themselves any more, and removes the oldest of those that
 * are over. Done by every session when it begins, and by the operator from time to time.
 */
export async function tidyRuns(options: TidyOptions): Promise<void> {
  const { client, env, namespace } = options
  const { items } = await client.list(runs, { namespace })
  const nowMs = env.clock.now()
  const lost = items.filter((run) => isLost(run, nowMs))
  await Promise.all(lost.map((run) => markLost(options, run, nowMs)))
  const over = items.filter(({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed')
  const oldest = over.sort((left, right) => endOf(right) - endOf(left)).slice(HISTORY_LIMIT)
  await Promise.allSettled(oldest.map(({ metadata: { name = '' } }) => client.delete(runs, { namespace, name })))
}

/** Whether its driver should have been heard of by now. */
export function isLost({ spec, status, metadata }: Run, nowMs: number): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false
  const heard = status?.heartbeatTime ?? status?.startTime ?? metadata.creationTimestamp
  return heard !== undefined && nowMs - Date.parse(heard) > (spec.driver === undefined ? LOST_MS : DRIVER_LOST_MS)
}

/** What is said of a run whose driver is gone. */
export function lostStatus({ status, metadata }: Run, nowMs: number): Partial<RunStatus> {
  const heard = status?.heartbeatTime ?? metadata.creationTimestamp
  return {
    phase: 'Failed',
    reason: 'DriverLost',
    message: `Its driver has not been heard of since ${heard}`,
    completionTime: formatTime(nowMs),
    workers: 0,
  }
}

async function markLost({ client, namespace }: TidyOptions, run: Run, nowMs: number): Promise<void> {
  const { name = '', resourceVersion } = run.metadata
  // Only what was looked at: a driver that has spoken meanwhile is not lost.
  const patch = { metadata: { resourceVersion }, status: lostStatus(run, nowMs) }
  try {
    await client.patch(runs, { namespace, name }, { type: 'merge', patch }, { subresource: 'status' })
  } catch (error) {
    if (!hasReason(error, 'Conflict') && !hasReason(error, 'NotFound')) throw error
  }
}

const endOf = ({ status, metadata }: Run) => Date.parse(status?.completionTime ?? metadata.creationTimestamp ?? '')
