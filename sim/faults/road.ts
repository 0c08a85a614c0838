import type { Environment } from '../../src/env/environment.ts'

/** News on its way to one receiver: nothing overtakes what is before it. */
export interface Road<T> {
  /** Sends `news`; it arrives after `delayMs`, or with what is before it where that takes longer. */
  send(news: T, delayMs: number): void
}

/** `arrive` is called with all that arrives at one moment together. */
export function createRoad<T>(env: Environment, arrive: (news: readonly T[]) => void): Road<T> {
  const under: { readonly dueMs: number; readonly news: T }[] = []
  let lastMs = 0
  const deliver = () => {
    const arrived: T[] = []
    while (under[0] !== undefined && under[0].dueMs <= env.clock.monotonicMs()) arrived.push(under.shift()!.news)
    if (arrived.length > 0) arrive(arrived)
  }
  return {
    send(news, delayMs) {
      const nowMs = env.clock.monotonicMs()
      lastMs = Math.max(lastMs, nowMs + delayMs)
      under.push({ dueMs: lastMs, news })
      env.timers.after(lastMs - nowMs, deliver)
    },
  }
}
