import { watch } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { LogLimits } from '../log-limits.ts'
import { readLog } from '../process/log-reader.ts'
import type { LogLine, LogRequest } from '../runtime.ts'
import type { CriConnection } from './connection.ts'
import type { Containers } from './containers.ts'

/** How often sizes are looked at: the kubelet's. */
const LOOK_MS = 10_000
/** Where the file system tells of no changes. */
const POLL_MS = 1_000

/** A container's log as the engine writes it; followed until the container has ended. */
export async function* containerLog(
  environment: Environment,
  containers: Containers,
  containerId: string,
  request: LogRequest,
): AsyncIterable<LogLine> {
  const file = containers.logPath(containerId)
  const ended = () => {
    const phase = containers.status(containerId)?.state.phase
    return phase === undefined || phase === 'exited'
  }
  using changes = request.follow === true ? watchChanges(environment, containers, file) : undefined
  yield* readLog({ path: file, ended, changed: async (signal) => await changes?.next(signal) }, request)
}

interface Changes extends Disposable {
  /** Resolves when something has changed since the last call, when the signal is aborted, or after a while all the same. */
  next(signal?: AbortSignal): Promise<void>
}

function watchChanges({ timers }: Environment, containers: Containers, file: string): Changes {
  let isNews = false
  let wake: (() => void) | undefined
  const tell = () => {
    isNews = true
    wake?.()
  }
  const watcher = watchFolder(path.dirname(file), tell)
  const stopListening = containers.onChange(tell)
  return {
    async next(signal) {
      if (!isNews && signal?.aborted !== true) {
        await new Promise<void>((resolve) => {
          const timer = timers.after(POLL_MS, () => wake?.(), { background: true })
          wake = () => {
            timer.cancel()
            signal?.removeEventListener('abort', tell)
            resolve()
          }
          signal?.addEventListener('abort', tell, { once: true })
        })
      }
      isNews = false
    },
    [Symbol.dispose]() {
      watcher?.close()
      stopListening()
    },
  }
}

function watchFolder(folder: string, changed: () => void) {
  try {
    return watch(folder, { persistent: false }, changed).on('error', () => {})
  } catch {
    return undefined
  }
}

/** Engines write one file for ever: renames those that have become too long and has them opened anew. Never rejects. */
export async function rotateLogs(
  environment: Environment,
  connection: CriConnection,
  containers: Containers,
  limits: LogLimits,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(environment.timers, LOOK_MS, signal).catch(() => {})
    for (const { id, state } of signal.aborted ? [] : containers.list()) {
      if (state.phase !== 'running') continue
      await rotate(connection, id, containers.logPath(id), limits).catch((error: unknown) =>
        environment.log.debug('a log was not rotated', { container: id, error }),
      )
    }
  }
}

export async function rotate(
  connection: CriConnection,
  containerId: string,
  file: string,
  { maxBytes, maxFiles }: LogLimits,
): Promise<void> {
  if ((await stat(file)).size < maxBytes) return
  const nameOf = (age: number) => (age === 0 ? file : `${file}.${age}`)
  // The oldest is overwritten.
  for (let age = maxFiles - 2; age >= 0; age--) await rename(nameOf(age), nameOf(age + 1)).catch(() => {})
  await connection.call('ReopenContainerLog', { containerId })
}
