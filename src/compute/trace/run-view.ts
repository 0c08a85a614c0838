import type { Demand, StageDemand, WorkerDemand } from '../coordinator/demand.ts'
import type { RunStatus } from '../run/run.ts'
import type { RunSummary, StageSummary } from './run-summary.ts'

/** An object's status is no place for thousands of lines: the newest stages, and the first workers. */
const MAX_STAGES = 20
const MAX_WORKERS = 100

/** What a run is at, for its object's status: what `shoal top` shows. */
export function runView(summary: RunSummary, demand: Demand | undefined): Pick<RunStatus, 'stages' | 'pods'> {
  const now = new Map((demand?.stages ?? []).map((stage) => [stage.name, stage]))
  const known = summary.stages.map((stage) => stageView(stage.name, stage, now.get(stage.name)))
  const names = new Set(summary.stages.map(({ name }) => name))
  const fresh = [...now.values()]
    .filter(({ name }) => !names.has(name))
    .map((stage) => stageView(stage.name, undefined, stage))
  return {
    stages: [...known, ...fresh].slice(-MAX_STAGES),
    pods: (demand?.workers ?? []).slice(0, MAX_WORKERS).map(workerView),
  }
}

function stageView(name: string, sums: StageSummary | undefined, demand: StageDemand | undefined) {
  return {
    name,
    done: sums?.items ?? 0,
    tasks: sums?.tasks ?? 0,
    failed: sums?.failed ?? 0,
    running: demand?.running ?? 0,
    ...(demand?.waiting === undefined ? {} : { waiting: demand.waiting }),
    busyMs: Math.round(sums?.busyMs ?? 0),
  }
}

function workerView({ pod, node, threads, busy, isDraining, residentBytes, cpuMicros, keptBytes }: WorkerDemand) {
  return {
    pod,
    node,
    threads,
    busy,
    isDraining,
    memoryBytes: residentBytes,
    diskBytes: keptBytes,
    cpuMs: Math.round(cpuMicros / 1000),
  }
}
