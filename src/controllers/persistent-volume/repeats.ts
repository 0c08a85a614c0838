import type { PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import type { Change } from '../../reconcile/change.ts'
import type { Decision } from '../../reconcile/reconciler.ts'

/** How often Kubernetes looks at claims that nothing happens to, and says what they wait for once more, in milliseconds. */
const REPEAT_MS = 15_000

/** What was said of claims that are looked at more often than something new can be said of them. */
export interface Repeats {
  /** The decision with what it says only where the claim is another than before, or has waited for long enough. */
  withoutThem(key: string, claim: PersistentVolumeClaim, changes: readonly Change[], monotonicMs: number): Decision
  forget(key: string): void
}

interface Said {
  readonly version: string | undefined
  readonly atMs: number
}

export function createRepeats(): Repeats {
  const said = new Map<string, Said>()
  return {
    withoutThem(key, { metadata }, changes, monotonicMs) {
      if (!changes.some(({ verb }) => verb === 'event')) {
        said.delete(key)
        return { changes }
      }
      const before = said.get(key)
      const version = metadata.resourceVersion
      const isRepeat = before?.version === version && monotonicMs - before!.atMs < REPEAT_MS
      if (isRepeat) {
        const requeueAfterMs = before!.atMs + REPEAT_MS - monotonicMs
        return { changes: changes.filter(({ verb }) => verb !== 'event'), requeueAfterMs }
      }
      said.set(key, { version, atMs: monotonicMs })
      return { changes, requeueAfterMs: REPEAT_MS }
    },
    forget: (key) => void said.delete(key),
  }
}
