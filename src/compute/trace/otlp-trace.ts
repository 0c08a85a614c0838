import type { Random } from '../../env/random.ts'
import type { TaskRecord } from '../coordinator/task-record.ts'

/** A run and its stages, as spans above those of attempts. */
export interface TracedRun {
  readonly name: string
  readonly startedMs: number
  readonly endedMs: number
  readonly failure?: string
}

/** Of the OpenTelemetry protocol (opentelemetry/proto/trace/v1). */
const INTERNAL = 1
const OK = 1
const ERROR = 2

/**
 * Attempts as OpenTelemetry spans in OTLP's JSON form, one trace for the run: what a collector takes at `/v1/traces`, or reads from
 * a file with its `otlpjsonfile` receiver. Stages are spans between the run and the attempts.
 */
export function otlpTrace(run: TracedRun, records: readonly TaskRecord[], random: Pick<Random, 'bytes'>): string {
  const newId = (bytes: number) => Buffer.from(random.bytes(bytes)).toString('hex')
  const traceId = newId(16)
  const root = newId(8)
  const stages = new Map<number, { readonly id: string; readonly name: string; fromMs: number; toMs: number }>()
  const stageOf = ({ stage, name, endedMs, micros }: TaskRecord): string => {
    const fromMs = endedMs - micros / 1000
    const known = stages.get(stage) ?? { id: newId(8), name, fromMs, toMs: endedMs }
    known.fromMs = Math.min(known.fromMs, fromMs)
    known.toMs = Math.max(known.toMs, endedMs)
    stages.set(stage, known)
    return known.id
  }
  const span = (spanId: string, parentSpanId: string | undefined, name: string, fromMs: number, toMs: number) => ({
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: INTERNAL,
    startTimeUnixNano: nanos(fromMs),
    endTimeUnixNano: nanos(toMs),
  })
  const attempts = records.map((record) => ({
    ...span(newId(8), stageOf(record), record.name, record.endedMs - record.micros / 1000, record.endedMs),
    attributes: attributesOf(record),
    status: {
      code: record.outcome === 'done' ? OK : ERROR,
      ...(record.outcome === 'done' ? {} : { message: record.outcome }),
    },
  }))
  const between = Array.from(stages.values(), ({ id, name, fromMs, toMs }) => span(id, root, name, fromMs, toMs))
  const whole = {
    ...span(root, undefined, run.name, run.startedMs, run.endedMs),
    status: run.failure === undefined ? { code: OK } : { code: ERROR, message: run.failure },
  }
  const resource = { attributes: [attribute('service.name', 'shoal'), attribute('shoal.run', run.name)] }
  const scopeSpans = [{ scope: { name: 'shoal' }, spans: [whole, ...between, ...attempts] }]
  return `${JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] })}\n`
}

/** 64-bit integers are strings in OTLP's JSON. */
const nanos = (ms: number) => String(BigInt(Math.round(ms * 1000)) * 1000n)

function attributesOf({ pod, node, thread, task, attempt, items, bytesIn, bytesOut, what }: TaskRecord) {
  return [
    attribute('k8s.pod.name', pod),
    attribute('k8s.node.name', node),
    attribute('thread.id', thread),
    attribute('shoal.task', task),
    attribute('shoal.attempt', attempt),
    attribute('shoal.items', items),
    attribute('shoal.bytes_in', bytesIn),
    attribute('shoal.bytes_out', bytesOut),
    ...(what === undefined ? [] : [attribute('shoal.work', what)]),
  ]
}

function attribute(key: string, value: string | number) {
  return { key, value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) } }
}
