import type { Environment } from '../../env/environment.ts'
import type { Demand } from '../coordinator/demand.ts'
import type { TaskRecord } from '../coordinator/task-record.ts'
import type { RunSummary, StageSummary } from './run-summary.ts'

/** Adds up what a run does, in bounded memory, for its summary. */
export interface RunFigures {
  task(record: TaskRecord): void
  retry(): void
  loss(): void
  /** How the workers are, as far as is known. */
  look(): void
  summary(): RunSummary
}

/** Stages of further names are added up as one. */
const MAX_STAGES = 200
const SLOWEST = 5

type Sums = { -readonly [K in keyof StageSummary]: StageSummary[K] }

export function createRunFigures({ clock }: Pick<Environment, 'clock'>, demand: () => Demand | undefined): RunFigures {
  const startedMs = clock.monotonicMs()
  const stages = new Map<string, Sums>()
  const cpuMicros = new Map<string, number>()
  const most = { pods: 0, threads: 0, residentBytes: 0, keptBytes: 0 }
  let slowest: readonly TaskRecord[] = []
  let [retries, losses, second] = [0, 0, 0]
  const look = () => {
    const workers = demand()?.workers ?? []
    for (const { pod, cpuMicros: micros } of workers) if (micros > 0) cpuMicros.set(pod, micros)
    const sum = (of: (worker: (typeof workers)[number]) => number) => workers.reduce((all, each) => all + of(each), 0)
    most.pods = Math.max(most.pods, workers.length)
    most.threads = Math.max(
      most.threads,
      sum(({ threads }) => threads),
    )
    most.residentBytes = Math.max(
      most.residentBytes,
      sum(({ residentBytes }) => residentBytes),
    )
    most.keptBytes = Math.max(
      most.keptBytes,
      sum(({ keptBytes }) => keptBytes),
    )
  }
  return {
    task(record) {
      addTo(sumsOf(stages, record.name), record)
      if (record.isSecond === true) second++
      const least = slowest.length < SLOWEST ? 0 : (slowest.at(-1)?.micros ?? 0)
      if (record.micros <= least || record.what === undefined) return
      slowest = [...slowest, record].sort((left, right) => right.micros - left.micros).slice(0, SLOWEST)
    },
    retry: () => void retries++,
    loss: () => void losses++,
    look,
    summary() {
      look()
      const ms = clock.monotonicMs() - startedMs
      const cpuMs =
        cpuMicros.size === 0 ? undefined : [...cpuMicros.values()].reduce((all, each) => all + each, 0) / 1000
      const known = cpuMs === undefined ? {} : { cpuMs }
      return { ms, ...known, ...most, retries, losses, second, stages: [...stages.values()], slowest }
    },
  }
}

function sumsOf(stages: Map<string, Sums>, wanted: string): Sums {
  const name = stages.has(wanted) || stages.size < MAX_STAGES ? wanted : 'others'
  let sums = stages.get(name)
  if (sums === undefined) {
    sums = { name, tasks: 0, failed: 0, lost: 0, late: 0, items: 0, busyMs: 0, longestMs: 0, bytesIn: 0, bytesOut: 0 }
    stages.set(name, sums)
  }
  return sums
}

function addTo(sums: Sums, { outcome, items, micros, bytesIn, bytesOut }: TaskRecord): void {
  sums.tasks++
  if (outcome === 'done') sums.items += items
  else if (outcome === 'failed') sums.failed++
  else sums[outcome]++
  sums.busyMs += micros / 1000
  sums.longestMs = Math.max(sums.longestMs, micros / 1000)
  sums.bytesIn += bytesIn
  sums.bytesOut += bytesOut
}
