import type { StageHost } from '../coordination.ts'
import type { StageHandle, StageSpec } from '../coordinator/stage.ts'

/** A coordinator whose work begins once so many workers are there, all together; later losses do not stop it again. */
export interface GangStart {
  readonly coordinator: StageHost
  /** So many are there now. */
  workers(count: number): void
}

export function gangStart(host: StageHost, size: number): GangStart {
  const waiting = new Set<StageHandle>()
  let isComplete = false
  let there = 0
  const held = <Work>(spec: StageSpec<Work>): StageSpec<Work> => ({
    ...spec,
    next: (threads) => (isComplete ? spec.next(threads) : undefined),
  })
  return {
    coordinator: {
      ...host,
      open(spec) {
        if (isComplete) return host.open(spec)
        const handle = host.open(held(spec))
        waiting.add(handle)
        const forget = () => void waiting.delete(handle)
        handle.finished.then(forget, forget)
        return handle
      },
      settleDown: (needs) => (isComplete ? host.settleDown?.(needs) : undefined),
      why() {
        if (isComplete) return host.why()
        return waiting.size === 0 ? [] : [`work waits for all ${size} workers to be there: ${there} are`]
      },
    },
    workers(count) {
      there = count
      if (isComplete || count < size) return
      isComplete = true
      for (const handle of waiting) handle.wake()
      waiting.clear()
    },
  }
}
