import { hasReason } from '../../api/meta/status.ts'
import { customResourceDefinitions } from '../../api/generated/resources.ts'
import type { Client, Watch } from '../../client/client.ts'
import { formatTime, sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { runDefinition, runs } from './run.ts'
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
/** How often a new definition is asked whether it is served yet, and for how long. */
const DEFINITION_PAUSE_MS = 50
const DEFINITION_TRIES = 100

export interface RunRecordOptions {
  readonly client: Client
  readonly env: Environment
  readonly name: string
  readonly namespace: string
  readonly spec: RunSpec
  readonly onDeleted: () => void
}

export function recordRun(options: RunRecordOptions): RunRecord {
  const { client, env, name, namespace } = options
  const startTime = formatTime(env.clock.now())
  let status: RunStatus = { phase: 'Running', startTime, workers: 0, tasks: 0, retries: 0, losses: 0 }
  let watch: Watch | undefined
  let pending = false
  let closed = false
  const created = createRun(options).then((run) => {
    if (!closed) watch = watchDeletion(options, run)
    return run
  })
  created.catch(() => {})
  /** What cannot be written is not worth more than the work that it tells of. */
  const write = async () => {
    try {
      await created
      await client.patch(runs, { namespace, name }, { type: 'merge', patch: { status } }, { subresource: 'status' })
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
      watch?.close()
      const phase = error === undefined ? 'Succeeded' : 'Failed'
      const message = error === undefined ? {} : { message: error.message }
      status = { ...status, phase, workers: 0, completionTime: formatTime(env.clock.now()), ...message }
      await write()
    },
  }
}

/** Makes the object, and the definition first where the API server does not know of runs. */
async function createRun({ client, env, name, namespace, spec }: RunRecordOptions): Promise<Run> {
  const run: Run = { apiVersion: 'shoal.dev/v1', kind: 'Run', metadata: { name, namespace }, spec }
  for (let tries = 0; ; tries++) {
    try {
      return await client.create(runs, run)
    } catch (error) {
      if (!hasReason(error, 'NotFound') || tries >= DEFINITION_TRIES) throw error
      if (tries === 0) await define(client)
      else await sleep(env.timers, DEFINITION_PAUSE_MS)
    }
  }
}

async function define(client: Client): Promise<void> {
  try {
    await client.create(customResourceDefinitions, runDefinition)
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
  }
}

function watchDeletion({ client, name, namespace, onDeleted }: RunRecordOptions, run: Run): Watch {
  const { resourceVersion } = run.metadata
  return client.watch(
    runs,
    {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    {
      events: (events) => {
        if (events.some(({ type }) => type === 'DELETED')) onDeleted()
      },
      closed: () => {},
    },
  )
}
