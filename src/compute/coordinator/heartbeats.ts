import type { CoordinatorOptions } from './options.ts'
import { tell } from './worker.ts'
import type { ConnectedWorker } from './worker.ts'

/** Asks every worker for a sign of life and reports those that gave none for too long. */
export function watchHeartbeats(
  options: CoordinatorOptions,
  workers: ReadonlySet<ConnectedWorker>,
  on: {
    readonly silent: (worker: ConnectedWorker, silentMs: number) => void
    readonly beat: () => void
  },
): { stop(): void } {
  const { clock, timers } = options.env
  const heartbeatMs = options.heartbeatMs ?? 1000
  const silentMs = options.silentMs ?? 10_000
  let sequence = 0
  let lastBeatMs = clock.monotonicMs()

  const beat = () => {
    const now = clock.monotonicMs()
    // Where this process itself stood still, nobody could have been heard.
    const stalled = now - lastBeatMs > 2 * heartbeatMs
    lastBeatMs = now
    sequence++
    for (const worker of workers) {
      if (stalled) worker.lastHeardMs = now
      else if (now - worker.lastHeardMs > silentMs) on.silent(worker, now - worker.lastHeardMs)
      else tell(worker, { type: 'ping', sequence })
    }
    on.beat()
    timer = timers.after(heartbeatMs, beat, { background: true })
  }
  let timer = timers.after(heartbeatMs, beat, { background: true })
  return { stop: () => timer.cancel() }
}
