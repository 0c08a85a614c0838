import type { Timers } from '../env/clock.ts'

/** Who waits for claims and volumes to change. */
export interface VolumeWaiters {
  changed(): void
  /** Resolves with the next change; false when `timeoutMs` have passed or the scheduler closes. */
  next(timeoutMs: number): Promise<boolean>
  close(): void
}

export function createVolumeWaiters(timers: Timers): VolumeWaiters {
  const waiting = new Set<(isChange: boolean) => void>()
  const release = (isChange: boolean) => {
    const all = [...waiting]
    waiting.clear()
    for (const resolve of all) resolve(isChange)
  }
  return {
    changed: () => release(true),
    close: () => release(false),
    next: (timeoutMs) =>
      new Promise((resolve) => {
        const done = (isChange: boolean) => {
          timer.cancel()
          waiting.delete(done)
          resolve(isChange)
        }
        const timer = timers.after(timeoutMs, () => done(false), { background: true })
        waiting.add(done)
      }),
  }
}
