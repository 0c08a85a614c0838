import type { Run, StageView, WorkerView } from '../compute/run/run.ts'
import { formatBytes } from './progress/progress-text.ts'

/** What `shoal top` prints: for each run a line, then its stages, then its workers. */
export function topText(runs: readonly Run[], nowMs: number): string {
  if (runs.length === 0) return 'no run is under way\n'
  return runs.map((run) => runText(run, nowMs)).join('\n')
}

function runText({ metadata, spec, status }: Run, nowMs: number): string {
  const { phase = 'Pending', workers = 0, tasks = 0, retries = 0, losses = 0, startTime, completionTime } = status ?? {}
  const until = completionTime === undefined ? nowMs : Date.parse(completionTime)
  const age = startTime === undefined ? '' : `, ${seconds(Math.max(0, until - Date.parse(startTime)))}`
  const trouble = [...(retries > 0 ? [`${retries} retried`] : []), ...(losses > 0 ? [`${losses} lost`] : [])]
  const first = `${metadata.namespace}/${metadata.name}  ${spec.program}  ${phase}${age}`
  const facts = [`${workers} workers`, `${tasks} done`, ...trouble].join(', ')
  const { stages = [], pods = [] } = status ?? {}
  return [
    `${first}  ${facts}`,
    ...table(STAGES, stages.map(stageRow)),
    ...table(WORKERS, pods.map(workerRow)),
    '',
  ].join('\n')
}

const STAGES = ['STAGE', 'DONE', 'RUNNING', 'WAITING', 'FAILED', 'BUSY']
const WORKERS = ['WORKER', 'NODE', 'THREADS', 'CPU', 'MEMORY', 'DISK']

const stageRow = ({ name, done, running, waiting, failed, busyMs }: StageView) => [
  name,
  String(done),
  String(running),
  waiting === undefined ? '?' : String(waiting),
  String(failed),
  seconds(busyMs),
]

const workerRow = ({ pod, node, threads, busy, isDraining, cpuMs, memoryBytes, diskBytes }: WorkerView) => [
  isDraining ? `${pod} (leaving)` : pod,
  node,
  `${busy}/${threads}`,
  seconds(cpuMs),
  formatBytes(memoryBytes),
  formatBytes(diskBytes),
]

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}

function seconds(ms: number): string {
  return ms < 600_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}
