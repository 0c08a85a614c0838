import type { ProgramBundle, StageSpec } from '../coordinator/stage.ts'
import { errorOfFailure } from '../failure.ts'
import type { Shipment } from '../wire/shipped.ts'
import { decodeValues, encodeValue, encodeValues } from '../wire/values.ts'
import type { InputFile } from './inputs.ts'
import { readRanges } from './inputs.ts'
import type { Operator, Pipeline, Sink } from './plan.ts'
import type { TextRange, TextTask } from './text-range.ts'
import { createTextTasks } from './text-tasks.ts'

export interface FilesInput {
  readonly files: readonly InputFile[]
  readonly blockBytes: number
  /** Absent where a record is a whole file. */
  readonly recordBytes?: number
}

/** A stage over files, or over records that the driver holds. */
export interface StagePlan {
  readonly name: string
  readonly input: FilesInput | readonly unknown[]
  readonly operators: readonly Operator<Shipment>[]
  readonly sink: Sink<Shipment>
}

/** Takes what the tasks of a stage came to. */
export interface StageOutput {
  /** What one task gave; `order` puts the tasks in the order of the input. */
  result(order: number, values: unknown[]): void
  part(bytes: Uint8Array): void
  /** Told once for each task. */
  progressed(tasks: number, bytes: number, totalBytes: number | undefined): void
}

/** `order` rises with the place in the input; the pieces of a task that was cut lie between it and the next. */
interface Work {
  readonly order: number
  readonly ranges?: readonly TextRange[]
  readonly records?: readonly unknown[]
}

export function datasetStage(plan: StagePlan, program: ProgramBundle, output: StageOutput): StageSpec<Work> {
  const source = isFiles(plan.input) ? fromFiles(plan.input) : fromRecords(plan.input)
  const counted = new Set<number>()
  const shipments = shipmentsOf(plan)
  let bytes = 0
  return {
    name: plan.name,
    program,
    options: encodeValue(pipelineOf(plan)),
    code: shipments.flatMap((shipment) => shipment.code),
    accumulates: plan.sink.kind === 'countBy',
    next: source.next,
    isExhausted: source.isExhausted,
    encode: ({ ranges, records }, seesFiles) =>
      ranges === undefined ? encodeValues(records ?? []) : encodeTextTask(ranges, seesFiles),
    split: splitWork,
    sizeOf: ({ ranges, records }) => ranges?.length ?? records?.length ?? 0,
    describe: describeWork,
    commit(work, payload) {
      if (!counted.has(work.order)) {
        counted.add(work.order)
        bytes += (work.ranges ?? []).reduce((sum, { from, to }) => sum + to - from, 0)
        output.progressed(counted.size, bytes, source.totalBytes)
      }
      if (payload.byteLength > 0) output.result(work.order, decodeValues(payload))
    },
    commitPart: (part) => output.part(part),
    fail: (work, failure) => errorOfFailure(failure, describeWork(work), shipments),
  }
}

function isFiles(input: StagePlan['input']): input is FilesInput {
  return 'files' in input
}

function fromFiles(input: FilesInput) {
  const tasks = createTextTasks(input.files, input.blockBytes, input.recordBytes === undefined)
  let order = 0
  return {
    totalBytes: tasks.totalBytes,
    isExhausted: tasks.isExhausted,
    next(threads: number): Work | undefined {
      const ranges = tasks.next(threads)
      return ranges === undefined ? undefined : { order: order++, ranges }
    },
  }
}

function fromRecords(records: readonly unknown[]) {
  let taken = 0
  return {
    totalBytes: undefined,
    isExhausted: () => taken >= records.length,
    next(threads: number): Work | undefined {
      if (taken >= records.length) return undefined
      const order = taken
      taken += Math.min(8192, Math.ceil((records.length - taken) / (threads * 3)))
      return { order, records: records.slice(order, taken) }
    },
  }
}

function encodeTextTask(ranges: readonly TextRange[], seesFiles: boolean): Uint8Array | Promise<Uint8Array> {
  if (seesFiles) return encodeValue({ ranges } satisfies TextTask)
  return readRanges(ranges).then((bytes) => encodeValue({ ranges, bytes } satisfies TextTask))
}

function splitWork(work: Work): readonly Work[] {
  const pieces =
    work.ranges?.map((range) => ({ ranges: [range] })) ?? work.records?.map((record) => ({ records: [record] }))
  if (pieces === undefined || pieces.length <= 1) return [work]
  return pieces.map((piece, index) => ({ ...piece, order: work.order + index / pieces.length }))
}

function describeWork({ order, ranges, records }: Work): string {
  const [first, ...rest] = ranges ?? []
  if (first === undefined) return `records ${order} to ${order + (records?.length ?? 0) - 1}`
  const where = `bytes ${first.from} to ${first.to} of ${first.path}`
  return rest.length === 0 ? where : `${where} and ${rest.length} more files`
}

function pipelineOf({ input, operators, sink }: StagePlan): Pipeline {
  const recordBytes = isFiles(input) ? input.recordBytes : undefined
  return {
    input: isFiles(input) ? 'text' : 'records',
    ...(recordBytes === undefined ? {} : { recordBytes }),
    operators: operators.map((op) => (op.kind === 'lines' ? op : { ...op, fn: op.fn.shipped })),
    sink: 'fn' in sink ? { ...sink, fn: sink.fn.shipped } : sink,
  }
}

function shipmentsOf({ operators, sink }: StagePlan): readonly Shipment[] {
  const shipments = operators.flatMap((operator) => (operator.kind === 'lines' ? [] : [operator.fn]))
  return 'fn' in sink ? [...shipments, sink.fn] : shipments
}
