import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { CriConnection, EventSource } from './connection.ts'
import { CriError } from './connection.ts'
import type { Containers } from './containers.ts'

/** How often all containers are compared with the engine's list: beside a stream of events, and without one. */
const RELIST_MS = 10_000
const POLL_MS = 1_000
/** The pause before an engine that has gone away is asked again. */
const RECONNECT_MS = 250
/** For so long an event may be ahead of the engine's own books. */
const LATENESS_MS = 5_000

/**
 * Keeps the containers' states as they are at the engine until `signal` is aborted: by its events where it has any, and by
 * looking, in case one was missed or the engine was restarted. Never rejects.
 */
export async function watchContainers(
  environment: Environment,
  connection: CriConnection,
  containers: Containers,
  signal: AbortSignal,
): Promise<void> {
  let streaming = false
  const looking = async () => {
    while (!signal.aborted) {
      await pause(environment, streaming ? RELIST_MS : POLL_MS, signal)
      if (!signal.aborted) await containers.refreshAll().catch(() => {})
    }
  }
  const listening = async () => {
    let source: EventSource = 'containerd'
    while (!signal.aborted) {
      try {
        streaming = true
        // What happened while nobody listened.
        void containers.refreshAll().catch(() => {})
        for await (const id of connection.events(source, signal)) void settle(environment, containers, id, signal)
      } catch (error) {
        if (error instanceof CriError && error.code === 'Unimplemented') {
          streaming = false
          if (source === 'cri') return
          source = 'cri'
          continue
        }
        environment.log.debug('the engine does not answer', { error })
      }
      streaming = false
      await pause(environment, RECONNECT_MS, signal)
    }
  }
  await Promise.all([looking(), listening()])
}

/** An event says that something ended; asks until the engine says so too. */
async function settle(
  environment: Environment,
  containers: Containers,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let waited = 0, step = 2; waited < LATENESS_MS && !signal.aborted; step *= 2) {
      if (containers.status(id)?.state.phase !== 'running') return
      const status = await containers.refresh(id)
      if (status?.state.phase !== 'running') return
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
