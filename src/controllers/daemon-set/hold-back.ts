import type { Pod } from '../../api/generated/core-v1.ts'

/** Kubernetes' wait before a failed daemon is replaced: 1 s, doubled with each failure on its node, at most 15 minutes. */
export const DAEMON_FAILURE_BACKOFF = { firstMs: 1_000, lastMs: 900_000 } as const

/** Most nodes that are remembered; the one that failed longest ago is forgotten first. */
const MOST_REMEMBERED = 10_000

interface Failure {
  readonly uid: string | undefined
  readonly waitMs: number
  readonly untilMs: number
}

/** Remembers how often the daemon of a key failed: at first it is replaced at once. */
export function createHoldBack(): (key: string, pod: Pod, nowMs: number) => number {
  const failures = new Map<string, Failure>()
  return (key, { metadata: { uid } }, nowMs) => {
    const last = failures.get(key)
    if (last !== undefined && nowMs < last.untilMs) return last.uid === uid ? 0 : last.untilMs - nowMs
    const isLongAgo = last === undefined || nowMs - last.untilMs > 2 * DAEMON_FAILURE_BACKOFF.lastMs
    const waitMs = isLongAgo ? DAEMON_FAILURE_BACKOFF.firstMs : Math.min(DAEMON_FAILURE_BACKOFF.lastMs, last.waitMs * 2)
    failures.delete(key)
    failures.set(key, { uid, waitMs, untilMs: nowMs + waitMs })
    if (failures.size > MOST_REMEMBERED) failures.delete(failures.keys().next().value!)
    return 0
  }
}
