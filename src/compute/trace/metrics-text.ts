import type { Demand } from '../coordinator/demand.ts'
import type { RunSummary } from './run-summary.ts'

/** A value with the labels that it has beside the run's. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

const OUTCOMES = ['done', 'failed', 'lost', 'late'] as const

/** What a run has done and is at, in the text form that Prometheus reads (exposition format 0.0.4). Times are in seconds. */
export function metricsText(run: string, summary: RunSummary, demand: Demand | undefined): string {
  return [...counters(summary), ...gauges(demand)]
    .map(({ name, kind, help, samples }) => {
      const lines = samples.map(([labels, value]) => `${name}${labelsText({ run, ...labels })} ${value}\n`)
      return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`
    })
    .join('')
}

interface Family {
  readonly name: string
  readonly kind: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly Sample[]
}

function counters({ stages, retries, losses, second, cpuMs = 0, ms }: RunSummary): readonly Family[] {
  const counter = (name: string, help: string, samples: readonly Sample[]) =>
    ({ name: `shoal_${name}`, kind: 'counter', help, samples }) as const
  const ofStages = (of: (stage: (typeof stages)[number]) => number): Sample[] =>
    stages.map((stage) => [{ stage: stage.name }, of(stage)])
  const attempts = stages.flatMap((stage) =>
    OUTCOMES.map((outcome): Sample => {
      const { tasks, failed, lost, late } = stage
      return [{ stage: stage.name, outcome }, outcome === 'done' ? tasks - failed - lost - late : stage[outcome]]
    }),
  )
  const bytes = stages.flatMap(({ name, bytesIn, bytesOut }): Sample[] => [
    [{ stage: name, direction: 'in' }, bytesIn],
    [{ stage: name, direction: 'out' }, bytesOut],
  ])
  return [
    counter('attempts_total', 'Attempts at tasks that came to an end.', attempts),
    counter(
      'items_total',
      'Items, calls or blocks that are done.',
      ofStages(({ items }) => items),
    ),
    counter(
      'busy_seconds_total',
      'How long threads of workers were at it.',
      ofStages(({ busyMs }) => busyMs / 1000),
    ),
    counter('bytes_total', 'Bytes that went to workers and came back.', bytes),
    counter('retries_total', 'Tasks that were tried again.', [[{}, retries]]),
    counter('losses_total', 'Workers and threads that were lost.', [[{}, losses]]),
    counter('second_attempts_total', 'Attempts beside others that took far too long.', [[{}, second]]),
    counter('worker_cpu_seconds_total', 'Processor time of workers.', [[{}, cpuMs / 1000]]),
    counter('session_seconds_total', 'Since the session was opened.', [[{}, ms / 1000]]),
  ]
}

function gauges({ stages, workers }: Demand = { stages: [], workers: [] }): readonly Family[] {
  const gauge = (name: string, help: string, samples: readonly Sample[]) =>
    ({ name: `shoal_${name}`, kind: 'gauge', help, samples }) as const
  const ofWorkers = (of: (worker: (typeof workers)[number]) => number): Sample[] =>
    workers.map((worker) => [{ pod: worker.pod, node: worker.node }, of(worker)])
  const running = new Map<string, { running: number; waiting: number }>()
  for (const stage of stages) {
    const { running: before, waiting } = running.get(stage.name) ?? { running: 0, waiting: 0 }
    running.set(stage.name, { running: before + stage.running, waiting: waiting + (stage.waiting ?? 0) })
  }
  const ofRunning = (which: 'running' | 'waiting'): Sample[] =>
    Array.from(running, ([stage, counts]) => [{ stage }, counts[which]])
  return [
    gauge('tasks_running', 'Tasks that workers have.', ofRunning('running')),
    gauge('tasks_waiting', 'Tasks that wait for a thread, where that is known.', ofRunning('waiting')),
    gauge('workers', 'Workers that are connected.', [[{}, workers.length]]),
    gauge(
      'worker_threads',
      'Threads of a worker.',
      ofWorkers(({ threads }) => threads),
    ),
    gauge(
      'worker_threads_busy',
      'Threads that have something to do.',
      ofWorkers(({ busy }) => busy),
    ),
    gauge(
      'worker_memory_bytes',
      'Resident memory of a worker.',
      ofWorkers(({ residentBytes }) => residentBytes),
    ),
    gauge(
      'worker_kept_bytes',
      'Parts of shuffles on the disk of a worker.',
      ofWorkers(({ keptBytes }) => keptBytes),
    ),
  ]
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' }

function labelsText(labels: Readonly<Record<string, string>>): string {
  const each = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll(/[\\"\n]/g, (char) => ESCAPES[char]!)}"`,
  )
  return `{${each.join(',')}}`
}

/** Several runs as one text: a family is told of once. */
export function joinedMetrics(texts: readonly string[]): string {
  const families = new Map<string, string[]>()
  for (const text of texts) {
    for (const family of text.split(/^(?=# HELP )/m)) {
      const lines = family.split('\n').filter((line) => line !== '')
      const head = lines.slice(0, 2).join('\n')
      families.set(head, [...(families.get(head) ?? []), ...lines.slice(2)])
    }
  }
  return Array.from(families, ([head, lines]) => [head, ...lines, ''].join('\n')).join('')
}
