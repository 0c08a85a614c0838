import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemEnvironment } from '../../env/system.ts'
import { coordinateHere } from '../coordination.ts'
import type { CoordinatorOptions } from '../coordinator/options.ts'
import { createMapApi } from '../map/map-api.ts'
import type { MapApi } from '../map/map-api.ts'
import { createProgress } from '../progress.ts'
import { markHostValue } from '../ship/host-values.ts'
import { createShipper } from '../ship/ship.ts'
import { createStageRunner } from '../stage-runner.ts'
import { createWorkerProcesses } from '../worker-processes.ts'
import type { WorkerProcesses, WorkerProcessesOptions } from '../worker-processes.ts'
import { createTaskApi } from './task-api.ts'
import type { TaskSession } from './task-api.ts'

/** Tasks alone, on worker processes of their own. */
export interface TaskTestSession {
  readonly shoal: TaskSession['api']
  readonly map: MapApi
  readonly pool: WorkerProcesses
  readonly why: () => readonly string[]
  close(): Promise<void>
}

export async function openTaskSession(
  workers: WorkerProcessesOptions,
  options: Partial<CoordinatorOptions> = {},
  env = systemEnvironment(),
): Promise<TaskTestSession> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-session-'))
  const pool = createWorkerProcesses(workers)
  const coordinate = coordinateHere({ kind: 'unix', directory }, 'tasks')
  const coordination = await coordinate({
    env,
    investigate: (record) => pool.investigate(record),
    onSilent: (pod) => void pool.discard(pod),
    onWorkers: () => tasks.onWorkers(),
    onAsk: (place, body) => tasks.onAsk(place, body),
    ...options,
  })
  const { coordinator } = coordination
  const shipper = createShipper()
  const stages = createStageRunner(
    createProgress(
      () => {},
      () => {},
    ),
    { work: () => {} },
    () => {},
  )
  const tasks = createTaskApi({ env, coordinator, shipper, stages })
  await coordination.start(pool)
  const shoal = markHostValue(tasks.api, { name: 'session', id: 'tasks' })
  return {
    shoal,
    map: createMapApi({ coordinator, shipper, stages }),
    pool,
    why: () => [...coordinator.why(), ...tasks.why()],
    async close() {
      coordinator.close(new Error('closed'))
      await pool.close()
      await coordination.close()
      tasks.close()
      await shipper[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
}
