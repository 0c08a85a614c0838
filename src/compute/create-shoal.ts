import type { StageHost } from './coordination.ts'
import { filesDataset, recordsDataset } from './dataset/create-dataset.ts'
import type { FilesOptions } from './dataset/create-dataset.ts'
import { createDatasetHost } from './dataset/session-host.ts'
import type { DatasetParts } from './dataset/session-host.ts'
import type { JobApi } from './jobs.ts'
import { createMapApi } from './map/map-api.ts'
import type { Shipper } from './ship/ship.ts'
import { markHostValue } from './ship/host-values.ts'
import type { Shoal } from './shoal.ts'
import type { StageRunner } from './stage-runner.ts'
import type { TaskSession } from './task/task-api.ts'

/** What a session's user interface stands on. */
export interface ShoalParts extends DatasetParts {
  readonly name: string
  readonly coordinator: StageHost
  readonly shipper: Pick<Shipper, 'ship'>
  readonly stages: StageRunner
  readonly tasks: TaskSession['api']
  readonly why: () => readonly string[]
  readonly metrics: () => string
  readonly jobs: JobApi
  /** Ends the session, the first time that it is called. */
  readonly close: (reason?: Error) => Promise<void>
}

/** The user's interface to a session: functions are shipped at the call, their stages run on the coordinator. */
export function createShoal(parts: ShoalParts): Shoal {
  const { name, stages, close } = parts
  const host = createDatasetHost(parts)
  const shoal: Shoal = {
    ...createMapApi(parts),
    ...parts.tasks,
    ...parts.jobs,
    name,
    files(first: string | readonly string[], ...rest: readonly unknown[]) {
      const options = typeof rest.at(-1) === 'object' ? (rest.at(-1) as FilesOptions) : {}
      const more = rest.filter((each) => typeof each === 'string')
      return filesDataset(host, [...(typeof first === 'string' ? [first] : first), ...more], options)
    },
    dataset: (records, options = {}) => recordsDataset(host, records, options.signal),
    why: parts.why,
    metrics: parts.metrics,
    // Whoever says that it is over has dealt with what failed; a scope that is left may be left by the failure.
    close(reason) {
      if (reason === undefined) stages.forgetFailure()
      return close(reason)
    },
    [Symbol.asyncDispose]: () => close(),
  }
  return markHostValue(shoal, { name: 'session', id: name })
}
