import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'

/** Work that is done once for all wakes that come together, one run after the other, and again a while after it failed. */
export interface WorkLoop {
  readonly isBusy: boolean
  wake(): void
  /** Resolves when nothing runs any more; nothing is begun afterwards. */
  close(): Promise<void>
}

/** The pause before what failed is tried again, in milliseconds. */
const RETRY_MS = 1_000

export interface Work {
  /** Calls `isClosed` between its steps; wakes that come meanwhile cause another run. */
  readonly run: (isClosed: () => boolean) => Promise<void>
  /** What is warned of where a run fails. */
  readonly failure: string
  readonly failed?: () => void
  /** Called when there is nothing more to do for now. */
  readonly idle?: () => void
}

export function createWorkLoop({ timers, log }: Environment, { run, failure, failed, idle }: Work): WorkLoop {
  let working: Promise<void> | undefined
  let retry: Timer | undefined
  let isWoken = false
  let isClosed = false
  const loop = async () => {
    // In a turn of its own, so that changes that come together are one.
    await new Promise<void>((resolve) => timers.soon(resolve))
    try {
      while (isWoken && !isClosed) {
        isWoken = false
        await run(() => isClosed)
      }
    } catch (error) {
      if (!isClosed) {
        log.warn(failure, { error })
        failed?.()
        retry = timers.after(RETRY_MS, wake, { background: true })
      }
    }
    working = undefined
    idle?.()
  }
  function wake(): void {
    isWoken = true
    if (isClosed || working !== undefined) return
    retry?.cancel()
    working = loop()
  }
  return {
    get isBusy() {
      return working !== undefined
    },
    wake,
    async close() {
      isClosed = true
      retry?.cancel()
      await working
    },
  }
}
