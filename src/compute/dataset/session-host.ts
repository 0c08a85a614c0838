import type { Environment } from '../../env/environment.ts'
import { randomSuffix } from '../../env/random.ts'
import type { ProgramBundle } from '../coordinator/stage.ts'
import { ComputeError } from '../errors.ts'
import type { OnComputeEvent } from '../events.ts'
import type { Shipper } from '../ship/ship.ts'
import type { Volumes } from '../sources/reachable.ts'
import type { StageRunner } from '../stage-runner.ts'
import type { DatasetHost } from './host.ts'
import type { PartLimits } from './parts-input.ts'

/** What of a session its datasets stand on. */
export interface DatasetParts {
  readonly env: Environment
  readonly coordinator: DatasetHost['coordinator']
  readonly shipper: Pick<Shipper, 'ship'>
  readonly pipeline: ProgramBundle
  readonly columnar?: () => Promise<ProgramBundle>
  readonly stages: Pick<StageRunner, 'run'>
  readonly onEvent: OnComputeEvent
  readonly volumes?: Volumes
  /** Bounds that differ from the usual. */
  readonly partLimits?: PartLimits
  /** Workers reach each other within one machine: compressing what travels costs more than it saves. */
  readonly isLocal: boolean
}

export function createDatasetHost(parts: DatasetParts): DatasetHost {
  const { env, coordinator, shipper, pipeline, stages, onEvent } = parts
  let columnar: Promise<ProgramBundle> | undefined
  return {
    coordinator,
    ship: (fn) => shipper.ship(fn),
    program(isColumnar) {
      if (!isColumnar) return Promise.resolve(pipeline)
      if (parts.columnar === undefined) throw withoutColumnar()
      return (columnar ??= parts.columnar())
    },
    stage: (title, isCancelled, work) =>
      stages.run({
        title,
        unit: 'blocks',
        isCancelled,
        work: ({ step }) => work((tasks, bytes, total) => step(tasks, undefined, bytes, total)),
      }),
    unique: () => randomSuffix(env.random, 8),
    seed: () => Math.floor(env.random.next() * 0x1_0000_0000),
    warn: (message) => onEvent({ type: 'warning', message }),
    reachable: { volumes: parts.volumes ?? {}, isLocal: parts.isLocal },
    ...(parts.partLimits === undefined ? {} : { partLimits: parts.partLimits }),
    compress: !parts.isLocal,
  }
}

function withoutColumnar(): ComputeError {
  const message = 'Cannot read or write columnar files: this session was given no program for them'
  return new ComputeError('SHOAL_DATASET', message)
}
