import { expect, test } from 'vitest'
import type { TaskRecord } from '../coordinator/task-record.ts'
import { chromeTrace } from './chrome-trace.ts'
import { logText } from './log-text.ts'
import { otlpTrace } from './otlp-trace.ts'
import { joinedMetrics, metricsText } from './metrics-text.ts'
import { createRunFigures } from './run-figures.ts'
import { runView } from './run-view.ts'

const record = (more: Partial<TaskRecord>): TaskRecord => ({
  stage: 1,
  name: 'map resize',
  task: 1,
  attempt: 1,
  pod: 'run-a-0',
  node: 'node1',
  thread: 0,
  endedMs: 10_000,
  micros: 250_000,
  items: 10,
  bytesIn: 100,
  bytesOut: 200,
  outcome: 'done',
  what: 'items 0 to 9',
  ...more,
})
const RECORDS = [
  record({}),
  record({ task: 2, thread: 1, micros: 400_000, what: 'items 10 to 19' }),
  record({ task: 3, outcome: 'lost', items: 5, pod: 'run-a-1', micros: 100 }),
]

test('a timeline has a process for each pod, a line for each thread, and a slice for each attempt', () => {
  const { traceEvents } = JSON.parse(chromeTrace(RECORDS)) as { traceEvents: Record<string, unknown>[] }
  const names = traceEvents.filter(({ ph }) => ph === 'M').map(({ args }) => (args as { name: string }).name)
  expect(names).toEqual(['run-a-0 on node1', 'run-a-1 on node1'])
  const slices = traceEvents.filter(({ ph }) => ph === 'X')
  expect(slices.map(({ pid, tid, ts, dur, cat }) => [pid, tid, ts, dur, cat])).toEqual([
    [1, 0, 9_750_000, 250_000, 'done'],
    [1, 1, 9_600_000, 400_000, 'done'],
    [2, 0, 9_999_900, 100, 'lost'],
  ])
})

test('spans of attempts are below one of their stage, and that below the run', () => {
  let last = 0
  const random = { bytes: (length: number) => new Uint8Array(length).fill(++last) }
  const text = otlpTrace({ name: 'main.ts', startedMs: 9000, endedMs: 11_000 }, RECORDS, random)
  const { resourceSpans } = JSON.parse(text) as {
    resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[]
  }
  const spans = resourceSpans[0]!.scopeSpans[0]!.spans
  const [run, stage, first, , lost] = spans
  expect(spans).toHaveLength(5)
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set(['01'.repeat(16)]))
  expect([run!['parentSpanId'], stage!['parentSpanId']]).toEqual([undefined, run!['spanId']])
  expect(first!['parentSpanId']).toBe(stage!['spanId'])
  // Of OTLP's JSON form: 64-bit integers are strings, codes are numbers.
  expect(first!['startTimeUnixNano']).toBe('9750000000')
  expect([stage!['startTimeUnixNano'], stage!['endTimeUnixNano']]).toEqual(['9600000000', '10000000000'])
  expect([(first!['status'] as { code: number }).code, (lost!['status'] as { code: number }).code]).toEqual([1, 2])
})

test('a run adds up what its attempts took, and keeps the slowest of them', () => {
  let nowMs = 0
  const worker = { pod: 'run-a-0', node: 'n', capacity: {}, threads: 2, busy: 1, isHolding: false, isDraining: false }
  const stages = [{ name: 'map resize', priority: 0, running: 1, waiting: 7 }]
  const demand = { stages, workers: [{ ...worker, residentBytes: 5e7, cpuMicros: 650_000, keptBytes: 10 }] }
  const clock = { now: () => 0, monotonicMs: () => nowMs }
  const figures = createRunFigures({ clock }, () => demand)
  nowMs = 2000
  for (const each of RECORDS) figures.task(each)
  figures.loss()
  const summary = figures.summary()
  expect(summary).toMatchObject({ ms: 2000, cpuMs: 650, pods: 1, threads: 2, losses: 1, retries: 0, keptBytes: 10 })
  expect(summary.stages).toEqual([
    {
      name: 'map resize',
      tasks: 3,
      items: 20,
      failed: 0,
      lost: 1,
      late: 0,
      busyMs: 650.1,
      longestMs: 400,
      bytesIn: 300,
      bytesOut: 600,
    },
  ])
  expect(summary.slowest.map(({ task }) => task)).toEqual([2, 1, 3])
  expect(runView(summary, demand).stages).toEqual([
    { name: 'map resize', done: 20, tasks: 3, failed: 0, running: 1, waiting: 7, busyMs: 650 },
  ])
})

test('each line of a log says where it comes from', () => {
  const log = { pod: 'run-a-0', node: 'n', thread: 1, isError: false, text: 'one\ntwo\n', task: 'resize' }
  expect(logText(log)).toBe('[resize run-a-0/1] one\n[resize run-a-0/1] two\n')
})

test('metrics are what Prometheus reads: each family once, with its type, and labels that need it escaped', () => {
  const stages = [{ name: 'map "a\\b"', priority: 0, running: 1, waiting: 7 }]
  const worker = { pod: 'run-a-0', node: 'n', capacity: {}, threads: 2, busy: 1, isHolding: false, isDraining: false }
  const demand = { stages, workers: [{ ...worker, residentBytes: 5e7, cpuMicros: 650_000, keptBytes: 10 }] }
  const clock = { now: () => 0, monotonicMs: () => 0 }
  const figures = createRunFigures({ clock }, () => demand)
  for (const each of RECORDS) figures.task(each)
  figures.task({ ...RECORDS[0]!, outcome: 'late', isSecond: true })
  const text = metricsText('run-a', figures.summary(), demand)
  const samples = new Map(
    text.split('\n').flatMap((line) => {
      if (line === '' || line.startsWith('#')) return []
      const [, sample, value] = /^([a-z_]+\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\}) (\S+)$/.exec(line)!
      return [[sample, Number(value)]]
    }),
  )
  expect(samples.get('shoal_attempts_total{run="run-a",stage="map resize",outcome="done"}')).toBe(2)
  expect(samples.get('shoal_attempts_total{run="run-a",stage="map resize",outcome="lost"}')).toBe(1)
  expect(samples.get('shoal_attempts_total{run="run-a",stage="map resize",outcome="late"}')).toBe(1)
  expect(samples.get('shoal_items_total{run="run-a",stage="map resize"}')).toBe(20)
  expect(samples.get('shoal_second_attempts_total{run="run-a"}')).toBe(1)
  expect(samples.get('shoal_tasks_waiting{run="run-a",stage="map \\"a\\\\b\\""}')).toBe(7)
  expect(samples.get('shoal_worker_cpu_seconds_total{run="run-a"}')).toBe(0.65)
  const both = joinedMetrics([text, text.replaceAll('run-a"', 'run-b"')])
  expect(both.match(/^# TYPE shoal_items_total counter$/gm)).toHaveLength(1)
  expect(both.match(/^shoal_items_total\{/gm)).toHaveLength(2)
  expect(both).toMatch(/shoal_items_total\{run="run-a".*\nshoal_items_total\{run="run-b"/)
})
