import { isHolding } from './demand.ts'
import type { RunningStages } from './running-stages.ts'
import { loadOf } from './worker.ts'
import type { ConnectedWorker } from './worker.ts'

/** Workers on their way out, and who waits for that. */
export interface Drains {
  /** See `Coordinator.drain`. */
  drain(pod: string): Promise<void>
  /** Something ended: some may be done. */
  look(): void
}

export function createDrains(workers: ReadonlySet<ConnectedWorker>, running: RunningStages): Drains {
  const waiting = new Map<ConnectedWorker, () => void>()
  const look = () => {
    for (const [worker, resolve] of waiting) {
      const isIdle = worker.slots.every((slot) => slot.sent.length === 0 && loadOf(slot) === 0)
      if (workers.has(worker) && (!isIdle || isHolding(worker, running.byId.values()))) continue
      waiting.delete(worker)
      resolve()
    }
  }
  return {
    drain(pod) {
      const worker = [...workers].find(({ facts }) => facts.pod === pod)
      if (worker === undefined) return Promise.resolve()
      worker.isDraining = true
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.set(worker, resolve)
      look()
      return promise
    },
    look,
  }
}
