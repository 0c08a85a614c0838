import { mergerOf } from '../shuffle/merge.ts'
import type { MergeParts } from '../shuffle/merge.ts'
import type { PartsTask } from '../shuffle/output.ts'
import { PartLostError } from '../shuffle/part-reader.ts'
import { CANCELLED, failed, succeeded } from '../worker/failure.ts'
import type { CreateProgram, Outcome, ProgramHost, StageProgram } from '../worker/program.ts'
import { STATUS } from '../wire/messages.ts'
import { decodeValue, decodeValues } from '../wire/values.ts'
import { readColumnar } from '../sources/read-columnar.ts'
import { fuse } from './fuse.ts'
import type { Fused } from './fuse.ts'
import { mapFunctions } from './plan.ts'
import type { Pipeline } from './plan.ts'
import type { ColumnarFormats } from './program-parts.ts'
import { pushAll } from './push.ts'
import { filesIn, readTask, textsIn } from './read-texts.ts'
import { createSink } from './sinks.ts'
import type { SinkState } from './sink-state.ts'
import { createTaskState } from './task-context.ts'
import type { TaskState } from './task-context.ts'
import { decodeTask, encodeLost, encodeMade } from './task-payload.ts'
import type { TextTask } from './text-range.ts'

type AnyFunction = (...args: never[]) => unknown

/** Records as they are read: at once, or in batches that come by and by. */
type Records = Iterable<unknown> | AsyncIterable<Iterable<unknown>>

const UNREACHABLE: Outcome = { status: STATUS.unreachable, payload: new Uint8Array(0) }

/** Runs the tasks of a dataset's stage on a worker's thread. It travels as a bundle: the worker knows nothing of datasets. */
export function pipelineProgram(formats: ColumnarFormats): CreateProgram {
  return (options, host) => {
    const pipeline = mapFunctions(decodeValue(options) as Pipeline, (shipped) => host.revive(shipped) as AnyFunction)
    return stageProgram(pipeline, host, formats)
  }
}

/** The program of all stages but those that need a format's library. */
export const createProgram: CreateProgram = pipelineProgram({})

function stageProgram(pipeline: Pipeline<AnyFunction>, host: ProgramHost, formats: ColumnarFormats): StageProgram {
  const task = createTaskState(() => formats.toTable!)
  const sink = createSink(pipeline.sink, host.parts, formats)
  const fused = fuse(pipeline.operators, sink.add, task)
  const merge = pipeline.input.kind === 'parts' ? mergerOf(pipeline.input.merge, host.parts) : undefined
  const run: Running = { pipeline, host, formats, task, sink, fused, merge }
  return {
    run(payload) {
      try {
        const outcome = begin(run, payload)
        return outcome instanceof Promise ? outcome.catch((thrown: unknown) => broken(run, thrown)) : outcome
      } catch (thrown) {
        return broken(run, thrown)
      }
    },
    ...(sink.collect === undefined ? {} : { collect: sink.collect }),
  }
}

/** A stage on a thread; its tasks run one after another. */
interface Running {
  readonly pipeline: Pipeline<AnyFunction>
  readonly host: ProgramHost
  readonly formats: ColumnarFormats
  readonly task: TaskState
  readonly sink: SinkState
  readonly fused: Fused
  /** Where parts are read. */
  readonly merge: MergeParts | undefined
}

function begin(run: Running, payload: Uint8Array): Outcome | Promise<Outcome> {
  const { head, input } = decodeTask(payload)
  run.task.begin(head.order, head.firstIndex)
  const waiting = run.sink.begin?.(head.given)
  return waiting === undefined ? read(run, input) : waiting.then(() => read(run, input))
}

function read(run: Running, input: Uint8Array): Outcome | Promise<Outcome> {
  const { pipeline, formats, task } = run
  switch (pipeline.input.kind) {
    case 'records':
      return work(run, decodeValues(input))
    case 'parts':
      return work(run, run.merge!(decodeValue(input) as PartsTask))
    case 'parquet':
    case 'arrow': {
      const records = readColumnar(pipeline.input, decodeValue(input) as TextTask, formats, task)
      return records === undefined ? unreachable(run) : work(run, records)
    }
    case 'text': {
      const recordBytes = pipeline.input.recordBytes ?? Infinity
      return readFiles(run, input, (bytes, ranges) => textsIn(bytes, ranges, recordBytes, task.position))
    }
    case 'binary':
      return readFiles(run, input, (bytes, ranges) => filesIn(bytes, ranges, task.position))
  }
}

/** The records of what a task reads of files, where all of them can be seen here. */
function readFiles(
  run: Running,
  input: Uint8Array,
  recordsOf: (bytes: Buffer, ranges: TextTask['ranges']) => Iterable<unknown>,
): Outcome | Promise<Outcome> {
  const task = decodeValue(input) as TextTask
  const bytes = readTask(task)
  if (bytes === undefined) return unreachable(run)
  const go = (all: Buffer) => work(run, recordsOf(all, task.ranges))
  return bytes instanceof Promise ? bytes.then(go) : go(bytes)
}

function unreachable({ sink }: Running): Outcome {
  sink.discard?.()
  return UNREACHABLE
}

class Cancelled extends Error {}

function work(run: Running, records: Records): Outcome | Promise<Outcome> {
  if (!(Symbol.asyncIterator in records)) {
    const waiting = pushAll(watched(run, records), run.fused.push)
    return waiting === undefined ? finish(run) : waiting.then(() => finish(run))
  }
  return pumpBatches(run, records)
}

async function pumpBatches(run: Running, batches: AsyncIterable<Iterable<unknown>>): Promise<Outcome> {
  for await (const batch of batches) {
    const waiting = pushAll(watched(run, batch), run.fused.push)
    if (waiting !== undefined) await waiting
    if (run.sink.isFull?.() === true) break
  }
  return finish(run)
}

/** The records until no more are wanted: by the sink, or because the stage was cancelled. */
function* watched({ host, sink }: Running, records: Iterable<unknown>): Generator<unknown> {
  const { isFull = () => false } = sink
  for (const record of records) {
    if (host.isCancelled()) throw new Cancelled()
    if (isFull()) return
    yield record
  }
}

function finish(run: Running): Outcome | Promise<Outcome> {
  const { fused, sink, task } = run
  const ended = fused.end()
  if (ended !== undefined) return ended.then(() => take(sink, task))
  return take(sink, task)
}

function take(sink: SinkState, task: TaskState): Outcome | Promise<Outcome> {
  const taken = sink.take?.() ?? []
  return taken instanceof Promise ? taken.then((values) => made(values, task)) : made(taken, task)
}

function made(values: readonly unknown[], task: TaskState): Outcome {
  const outcome = succeeded(values, (index) => `result[${index}]`)
  if (outcome.status !== STATUS.done) return outcome
  return { status: STATUS.done, payload: encodeMade(outcome.payload, task.notes()) }
}

function broken({ sink, fused }: Running, thrown: unknown): Outcome {
  fused.reset()
  sink.discard?.()
  if (thrown instanceof Cancelled) return CANCELLED
  if (thrown instanceof PartLostError) {
    return { status: STATUS.done, payload: encodeLost(thrown.output, thrown.message) }
  }
  return failed(thrown, 0)
}
