import { writeFileSync } from 'node:fs'
import type { TaskRecord } from '../compute/coordinator/task-record.ts'
import type { Environment } from '../env/environment.ts'

export interface TimelineOptions {
  /** Where the timeline goes in the Trace Event Format. */
  readonly timeline?: string
  /** Where spans go in OTLP's JSON form. */
  readonly otlp?: string
}

/** Gathers the attempts of a run and writes them at its end. */
export interface RunTimeline {
  readonly onTask?: (record: TaskRecord) => void
  write(run: { readonly name: string; readonly failure?: string }): Promise<void>
}

/** A timeline of more is no longer looked at by anybody, and would be hundreds of megabytes. */
const MAX_RECORDS = 1_000_000

export function createTimeline({ clock, random }: Environment, { timeline, otlp }: TimelineOptions): RunTimeline {
  if (timeline === undefined && otlp === undefined) return { write: () => Promise.resolve() }
  const records: TaskRecord[] = []
  const startedMs = clock.now()
  let leftOut = 0
  return {
    onTask(record) {
      if (records.length < MAX_RECORDS) records.push(record)
      else leftOut++
    },
    async write(run) {
      if (leftOut > 0) process.stderr.write(`warning: the timeline lacks the last ${leftOut} tasks\n`)
      if (timeline !== undefined) {
        const { chromeTrace } = await import('../compute/trace/chrome-trace.ts')
        writeFileSync(timeline, chromeTrace(records))
      }
      if (otlp === undefined) return
      const { otlpTrace } = await import('../compute/trace/otlp-trace.ts')
      writeFileSync(otlp, otlpTrace({ ...run, startedMs, endedMs: clock.now() }, records, random))
    },
  }
}
