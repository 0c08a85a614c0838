import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { ContainerBook } from './container-book.ts'

/** How often all containers are compared with the engine's list: beside a stream of events, and without one. */
const RELIST_MS = 10_000
const POLL_MS = 1_000
/** The pause before an engine that has gone away is asked again. */
const RECONNECT_MS = 250
/** For so long an event may be ahead of the engine's own books. */
const LATENESS_MS = 5_000

/** Where an engine tells of containers: which id each event is about. Ends or fails when the engine goes away. */
export type EventSource = (signal: AbortSignal) => AsyncIterable<string>

/** The engine has no such events. */
export class NoSuchEvents extends Error {
  override readonly name = 'NoSuchEvents'
}

/**
 * Keeps the containers' states as they are at the engine until `signal` is aborted: by the first of `sources` that the engine
 * has, and by looking, in case an event was missed or the engine was restarted. Never rejects.
 */
export async function watchContainers(
  environment: Environment,
  sources: readonly EventSource[],
  book: ContainerBook,
  signal: AbortSignal,
): Promise<void> {
  let streaming = false
  const looking = async () => {
    while (!signal.aborted) {
      await pause(environment, streaming ? RELIST_MS : POLL_MS, signal)
      if (!signal.aborted) await book.refreshAll().catch(() => {})
    }
  }
  const listening = async () => {
    let left = sources
    for (let [source] = left; source !== undefined && !signal.aborted; [source] = left) {
      try {
        streaming = true
        // What happened while nobody listened.
        void book.refreshAll().catch(() => {})
        for await (const id of source(signal)) void settle(environment, book, id, signal)
      } catch (error) {
        if (error instanceof NoSuchEvents) left = left.slice(1)
        else environment.log.debug('the engine does not answer', { error })
      }
      streaming = false
      await pause(environment, RECONNECT_MS, signal)
    }
  }
  await Promise.all([looking(), listening()])
}

/** An event says that something ended; asks until the engine says so too. */
async function settle(environment: Environment, book: ContainerBook, id: string, signal: AbortSignal): Promise<void> {
  try {
    for (let waited = 0, step = 2; waited < LATENESS_MS && !signal.aborted; step *= 2) {
      const phase = book.status(id)?.state.phase
      if (phase === undefined || phase === 'exited') return
      // One that is known as created is being started: its end may be told before its start has been taken in.
      if (phase === 'running') await book.refresh(id)
      await sleep(environment.timers, step)
      waited += step
    }
  } catch (error) {
    environment.log.debug('a container was not looked at', { container: id, error })
  }
}

async function pause({ timers }: Environment, ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) return resolve()
    const timer = timers.after(ms, () => done(), { background: true })
    const done = () => {
      timer.cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
}
