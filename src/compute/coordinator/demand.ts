import { capacityOf } from './room.ts'
import type { RunningStages } from './running-stages.ts'
import type { Needs, Stage } from './stage.ts'
import { loadOf } from './worker.ts'
import type { ConnectedWorker } from './worker.ts'

/** What there is to do, and who is there to do it, at one moment. */
export interface Demand {
  readonly stages: readonly StageDemand[]
  readonly workers: readonly WorkerDemand[]
}

/** A stage with something to do. */
export interface StageDemand {
  readonly name: string
  readonly priority: number
  /** What each of its tasks holds while it runs; one `cpu` where absent. */
  readonly needs?: Needs
  readonly running: number
  /** Pieces that wait for a thread; undefined where the stage does not know how many there are. */
  readonly waiting: number | undefined
  /** How long its tasks take, once some are done. */
  readonly taskMs?: number
}

export interface WorkerDemand {
  readonly pod: string
  readonly node: string
  readonly capacity: Needs
  readonly threads: number
  /** Threads that have something to do, those of actors with it. */
  readonly busy: number
  /** Actors live there, or results of a stage or parts of a shuffle lie there that are still wanted. */
  readonly isHolding: boolean
  readonly isDraining: boolean
  /** As its last heartbeat said; 0 before. */
  readonly residentBytes: number
  readonly cpuMicros: number
  /** Of parts of shuffles on its disk. */
  readonly keptBytes: number
}

export function demandOf(running: RunningStages, workers: ReadonlySet<ConnectedWorker>): Demand {
  const stages = [...running.byId.values()].filter((stage) => stage.isAwake || stage.open.size > 0)
  return {
    stages: stages.map(demandOfStage),
    workers: Array.from(workers, (worker) => demandOfWorker(worker, running)),
  }
}

function demandOfStage({ spec, open, again, taskMicros }: Stage): StageDemand {
  const own = spec.waiting?.() ?? (spec.isExhausted() ? 0 : undefined)
  return {
    name: spec.name,
    priority: spec.priority ?? 0,
    ...(spec.needs === undefined ? {} : { needs: spec.needs }),
    running: open.size - again.length,
    waiting: own === undefined ? undefined : own + again.length,
    ...(taskMicros === undefined ? {} : { taskMs: roughly(taskMicros / 1000) }),
  }
}

/** Two digits: what is told to drivers elsewhere changes no more often than it must. */
const roughly = (ms: number) => Number(ms.toPrecision(2))

function demandOfWorker(worker: ConnectedWorker, running: RunningStages): WorkerDemand {
  const { pod, node, threads } = worker.facts
  return {
    pod,
    node,
    capacity: capacityOf(worker.facts),
    threads,
    busy: worker.slots.filter((slot) => loadOf(slot) > 0).length,
    isHolding: isHolding(worker, running.byId.values()),
    isDraining: worker.isDraining,
    residentBytes: worker.residentBytes,
    cpuMicros: worker.cpuMicros,
    keptBytes: worker.keptBytes,
  }
}

/** Whether something would be lost with the worker that no queue holds. */
export function isHolding(worker: ConnectedWorker, stages: Iterable<Stage>): boolean {
  if (worker.keptBytes > 0 || worker.slots.some(({ accumulated }) => accumulated.size > 0)) return true
  for (const { spec } of stages) if (spec.home?.()?.worker === worker) return true
  return false
}
