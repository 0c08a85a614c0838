import { failed, succeeded } from '../worker/failure.ts'
import type { Outcome, ProgramHost, StageProgram } from '../worker/program.ts'
import { STATUS } from '../wire/messages.ts'
import { decodeValue, decodeValues } from '../wire/values.ts'
import type { Pipeline } from './plan.ts'
import { fuse } from './fuse.ts'
import { createSink } from './sinks.ts'
import { readTexts } from './read-texts.ts'
import type { TextTask } from './text-range.ts'

/**
 * Runs the tasks of a dataset's stage on a worker's thread. It travels as a bundle: the worker knows nothing of datasets.
 */
export function createProgram(options: Uint8Array, host: ProgramHost): StageProgram {
  const shipped = decodeValue(options) as Pipeline
  const revived: Pipeline<(value: never) => unknown> = reviveFunctions(shipped, host)
  const sink = createSink(revived.sink)
  const push = fuse(revived.operators, sink.add)
  const recordBytes = shipped.recordBytes ?? Infinity
  const runTexts = (task: TextTask): Outcome => {
    const texts = readTexts(task, recordBytes)
    if (texts === undefined) return { status: STATUS.unreachable, payload: new Uint8Array(0) }
    for (const text of texts) {
      if (host.isCancelled()) return { status: STATUS.cancelled, payload: new Uint8Array(0) }
      push(text)
    }
    return finish()
  }
  const finish = (): Outcome => {
    const made = sink.take?.()
    return made === undefined
      ? { status: STATUS.done, payload: new Uint8Array(0) }
      : succeeded(made, (index) => `result[${index}]`)
  }
  return {
    run(payload) {
      try {
        if (shipped.input === 'text') return runTexts(decodeValue(payload) as TextTask)
        for (const record of decodeValues(payload)) {
          if (host.isCancelled()) return { status: STATUS.cancelled, payload: new Uint8Array(0) }
          push(record)
        }
        return finish()
      } catch (thrown) {
        sink.take?.()
        return failed(thrown, 0)
      }
    },
    ...(sink.collect === undefined ? {} : { collect: sink.collect }),
  }
}

function reviveFunctions(pipeline: Pipeline, host: ProgramHost): Pipeline<(value: never) => unknown> {
  const { sink } = pipeline
  return {
    ...pipeline,
    operators: pipeline.operators.map((op) => (op.kind === 'lines' ? op : { ...op, fn: host.revive(op.fn) })),
    sink: 'fn' in sink ? { ...sink, fn: host.revive(sink.fn) } : sink,
  }
}
