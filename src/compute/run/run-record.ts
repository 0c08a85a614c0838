import { hasReason } from '../../api/meta/status.ts'
import type { Client } from '../../client/client.ts'
import { formatTime, sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { createRun } from './create-run.ts'
import { tidyRuns } from './tidy-runs.ts'
import { runs } from './run.ts'
import type { Run, RunSpec, RunStatus } from './run.ts'

/** The API object of a session, kept up to date without ever holding up the work. */
export interface RunRecord {
  /** Resolves to the object once it exists; rejects where it cannot be made, which the session survives. */
  readonly created: Promise<Run>
  /** What changed; written with the next update, of which there are at most one a second. */
  update(change: Partial<RunStatus>): void
  /** Writes how it ended. */
  close(error: Error | undefined): Promise<void>
}

const UPDATE_MS = 1000
/** What an earlier driver may have said of a run that goes on. */
const UNSAID = { completionTime: null, message: null, reason: null }
/** How often a driver says that it lives. */
export const HEARTBEAT_MS = 10_000

export interface RunRecordOptions {
  readonly client: Client
  readonly env: Environment
  readonly name: string
  readonly namespace: string
  readonly spec: RunSpec
  readonly onDeleted: () => void
  /** The object is made when this is settled, so that it takes nothing from the start of the workers. */
  readonly after?: Promise<unknown>
}

export function recordRun(options: RunRecordOptions): RunRecord {
  const { client, env, name, namespace } = options
  const startTime = formatTime(env.clock.now())
  let status: RunStatus = { phase: 'Running', startTime, workers: 0, tasks: 0, retries: 0, losses: 0 }
  const stopped = new AbortController()
  let pending = false
  let closed = false
  let heartbeat = env.timers.after(HEARTBEAT_MS, beat, { background: true })
  function beat() {
    update({})
    heartbeat = env.timers.after(HEARTBEAT_MS, beat, { background: true })
  }
  const ready = options.after?.catch(() => {}) ?? Promise.resolve()
  const created = ready.then(() => createOrFind(options))
  created.then((run) => watchDeletion(options, run, stopped.signal)).catch(() => {})
  created.catch(() => {})
  // Whoever lists runs at once sees that this one runs, and not what is long over.
  created
    .then(() => (update({}), tidyRuns(options)))
    .catch((error: unknown) => {
      env.log.debug('Cannot tidy the runs', { name, error })
    })
  /** What cannot be written is not worth more than the work that it tells of. */
  const write = async () => {
    try {
      await created
      status = { ...status, heartbeatTime: formatTime(env.clock.now()) }
      await client.patch(
        runs,
        { namespace, name },
        { type: 'merge', patch: { status: { ...UNSAID, ...status } } },
        { subresource: 'status' },
      )
    } catch (error) {
      env.log.debug('Cannot write the status of the run', { name, error })
    }
  }
  const update = (change: Partial<RunStatus>) => {
    status = { ...status, ...change }
    if (pending || closed) return
    pending = true
    env.timers.after(
      UPDATE_MS,
      () =>
        void write()
          .catch(() => {})
          .finally(() => (pending = false)),
      { background: true },
    )
  }
  return {
    created,
    update,
    async close(error) {
      closed = true
      heartbeat.cancel()
      stopped.abort()
      const phase = error === undefined ? 'Succeeded' : 'Failed'
      const message = error === undefined ? {} : { message: error.message }
      status = { ...status, phase, workers: 0, completionTime: formatTime(env.clock.now()), ...message }
      await write()
    },
  }
}

/** Makes the object. One that was there goes on. */
async function createOrFind(options: RunRecordOptions): Promise<Run> {
  const { client, name, namespace, spec } = options
  try {
    return await createRun(options, { apiVersion: 'shoal.dev/v1', kind: 'Run', metadata: { name, namespace }, spec })
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
    return await client.get(runs, { namespace, name })
  }
}

/** A watch that was cut is opened again after this pause; meanwhile the object may have gone, so it is read first. */
const WATCH_PAUSE_MS = 500

/** Calls `onDeleted` when the run is deleted, until `signal` is aborted, however often the watch is cut. */
async function watchDeletion(options: RunRecordOptions, created: Run, signal: AbortSignal): Promise<void> {
  const { client, env, name, namespace, onDeleted } = options
  let run: Run | undefined = created
  while (!signal.aborted) {
    if (run !== undefined && (await isDeletedWithin(options, run, signal))) return onDeleted()
    await sleep(env.timers, WATCH_PAUSE_MS, signal).catch(() => {})
    if (signal.aborted) return
    try {
      run = await client.get(runs, { namespace, name })
    } catch (error) {
      if (hasReason(error, 'NotFound')) return onDeleted()
      run = undefined
    }
    if (run !== undefined && run.metadata.uid !== created.metadata.uid) return onDeleted()
  }
}

/** Follows the run until it is deleted (true) or the watch ends (false). */
function isDeletedWithin(
  { client, name, namespace }: RunRecordOptions,
  run: Run,
  signal: AbortSignal,
): Promise<boolean> {
  const { resourceVersion } = run.metadata
  const since = resourceVersion === undefined ? {} : { resourceVersion }
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const watch = client.watch(
    runs,
    { namespace, fieldSelector: `metadata.name=${name}`, ...since },
    {
      events: (events) => {
        if (events.some(({ type }) => type === 'DELETED')) resolve(true)
      },
      closed: () => resolve(false),
    },
  )
  const stop = () => {
    resolve(false)
    watch.close()
  }
  signal.addEventListener('abort', stop, { once: true })
  return promise.finally(() => {
    signal.removeEventListener('abort', stop)
    watch.close()
  })
}
