import type { Timers } from '../../env/clock.ts'
import type { Future, Settled } from './future.ts'

export interface WaitOptions {
  /** How many of them to wait for. Default: all. */
  readonly count?: number
  /** How long at most, in milliseconds. Default: for ever. */
  readonly timeoutMs?: number
}

export interface Waited<T> {
  /** In the order of the futures. */
  readonly settled: readonly Future<T>[]
  readonly pending: readonly Future<T>[]
}

/** See `TaskApi.wait`. */
export function wait<T>(timers: Timers, futures: Iterable<Future<T>>, options: WaitOptions = {}): Promise<Waited<T>> {
  const all = [...futures]
  const isSettled = new Set<Future<T>>()
  const wanted = Math.min(options.count ?? all.length, all.length)
  return new Promise((resolve) => {
    let isOver = false
    const end = () => {
      if (isOver) return
      isOver = true
      timer?.cancel()
      resolve({
        settled: all.filter((future) => isSettled.has(future)),
        pending: all.filter((future) => !isSettled.has(future)),
      })
    }
    const timer = options.timeoutMs === undefined ? undefined : timers.after(options.timeoutMs, end)
    if (wanted === 0) return end()
    for (const future of all) {
      const count = () => {
        isSettled.add(future)
        if (isSettled.size >= wanted) end()
      }
      future.then(count, count)
    }
  })
}

/** How one of several futures ended, with its place among them. */
export type Completed<T> = Settled<T> & { readonly index: number }

/** See `TaskApi.asCompleted`. */
export async function* asCompleted<T>(futures: Iterable<Future<T>>): AsyncGenerator<Completed<T>, void, undefined> {
  let left = 0
  let ready: Completed<T>[] = []
  let wake: (() => void) | undefined
  for (const future of futures) {
    const index = left++
    const take = (how: Settled<T>) => {
      ready.push({ ...how, index })
      wake?.()
    }
    void settledOf(future).then(take)
  }
  while (left > 0) {
    if (ready.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    const batch = ready
    ready = []
    left -= batch.length
    yield* batch
  }
}

/** See `TaskApi.settled`. */
export function settled<T>(futures: Iterable<Future<T>>): Promise<Settled<T>[]> {
  return Promise.all(Array.from(futures, settledOf))
}

function settledOf<T>(future: Future<T>): PromiseLike<Settled<T>> {
  return future.then<Settled<T>, Settled<T>>(
    (value) => ({ status: 'done', value }),
    (error: unknown) => ({ status: 'failed', error }),
  )
}
