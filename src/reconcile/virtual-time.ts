import type { Environment } from '../env/environment.ts'
import { createLogger } from '../env/log.ts'

/** An environment whose time moves only when told to, for tests of what waits. Random numbers are all one half. */
export interface VirtualTime {
  readonly env: Environment
  advance(ms: number): void
}

export function virtualTime(startMs = Date.UTC(2026, 0, 1)): VirtualTime {
  let nowMs = startMs
  const pending = new Set<{ readonly dueMs: number; readonly action: () => void }>()
  const after = (delayMs: number, action: () => void) => {
    const timer = { dueMs: nowMs + delayMs, action }
    pending.add(timer)
    return { cancel: () => void pending.delete(timer) }
  }
  const advance = (ms: number) => {
    const endMs = nowMs + ms
    for (;;) {
      const due = [...pending].filter((timer) => timer.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0]
      if (due === undefined) break
      pending.delete(due)
      nowMs = Math.max(nowMs, due.dueMs)
      due.action()
    }
    nowMs = endMs
  }
  const env: Environment = {
    clock: { now: () => nowMs, monotonicMs: () => nowMs },
    timers: { after, soon: (action) => void after(0, action) },
    random: { next: () => 0.5, bytes: (length) => new Uint8Array(length), uuid: () => '' },
    log: createLogger(() => {}, 'error'),
  }
  return { env, advance }
}
