import type { Coordinator } from '../coordinator/coordinator.ts'
import type { ProgramBundle, StageHandle, StageSpec } from '../coordinator/stage.ts'
import { ComputeError } from '../errors.ts'
import { errorOfFailure } from '../failure.ts'
import type { Shipment } from '../wire/shipped.ts'
import type { TaskFailure } from '../wire/task-failure.ts'
import { encodeValue } from '../wire/values.ts'
import type { Fault } from './fault.ts'
import { functionsOf, mapFunctions } from './plan.ts'
import type { Pipeline } from './plan.ts'
import type { StageInput, Unit } from './stage-input.ts'
import type { TaskNotes } from './task-context.ts'
import { decodeAnswer, encodeTask } from './task-payload.ts'

/** One pass of the workers over an input. */
export interface StageRun {
  readonly name: string
  readonly input: StageInput
  readonly pipeline: Pipeline<Shipment>
  readonly program: ProgramBundle
  /** What a unit came to, once; again where what it reads turned out otherwise, unless that is too late. */
  readonly made: (unit: Unit, values: Uint8Array) => void
  readonly part?: (bytes: Uint8Array) => void
  /** What an attempt is given for its sink. */
  readonly given?: (unit: Unit) => unknown
  /** Whether there is room for what another unit comes to. */
  readonly hasRoom?: () => boolean
  /** What was made is out of our hands: it cannot be made again otherwise. */
  readonly isPublished?: () => boolean
  /** Units are not cut, not even to find the record that ends its worker. */
  readonly isWhole?: boolean
  readonly noted?: (notes: TaskNotes) => void
  readonly progressed?: (tasks: number, bytes: number, totalBytes: number | undefined) => void
}

export interface RunningStage {
  readonly finished: Promise<void>
  /** There is room again. */
  wake(): void
  readonly cancel: (reason: unknown) => void
}

type Host = Pick<Coordinator, 'open'>

/**
 * Runs a stage until each unit was made. A unit whose parts are lost waits until they have been made again.
 */
export function runStage(host: Host, run: StageRun): RunningStage {
  const { input, pipeline } = run
  let failure: { readonly error: unknown } | undefined
  const cancel = (error: unknown) => handle.cancel((failure ??= { error }).error)
  const units = createUnits(run, cancel)
  const shipments = functionsOf(pipeline)
  const spec: StageSpec<Unit> = {
    name: run.name,
    program: run.program,
    options: encodeValue(mapFunctions(pipeline, ({ shipped }) => shipped)),
    code: shipments.flatMap(({ code }) => code),
    accumulates: pipeline.sink.kind === 'countBy',
    // What lies on workers, or was made of it, goes with them.
    isReplayable: !['shuffle', 'write'].includes(pipeline.sink.kind) && pipeline.input.kind !== 'parts',
    next: units.next,
    isExhausted: units.isExhausted,
    waiting: units.waiting,
    encode: (unit, seesFiles) => encodeUnit(run, unit, seesFiles),
    split: run.isWhole === true ? (unit) => [unit] : cut,
    sizeOf: ({ ranges, records }) => ranges?.length ?? records?.length ?? 1,
    describe: (unit) => input.describe(unit),
    commit: units.commit,
    ...(run.part === undefined ? {} : { commitPart: run.part }),
    fail: (unit, failed) => failureOf(failed, input.describe(unit), shipments),
  }
  const handle: StageHandle = host.open(spec)
  units.start(() => handle.wake())
  input.listen?.(() => handle.wake(), cancel)
  const finished = handle.finished.finally(() => input.close?.())
  return { finished, wake: () => handle.wake(), cancel }
}

function encodeUnit(run: StageRun, unit: Unit, seesFiles: boolean): Uint8Array | Promise<Uint8Array> {
  const { order, firstIndex = 0 } = unit
  const body = run.input.encode(unit, seesFiles)
  const given = run.given?.(unit)
  if (!(body instanceof Promise) && !(given instanceof Promise)) return encodeTask({ order, firstIndex, given }, body)
  return Promise.all([body, given]).then(([bytes, grant]) => encodeTask({ order, firstIndex, given: grant }, bytes))
}

/** The units of a stage: taken, made, lost and waited for. */
function createUnits(run: StageRun, onError: (error: unknown) => void) {
  const { input } = run
  const made = new Set<Unit>()
  const again: Unit[] = []
  let recovering = 0
  let bytes = 0
  let tasks = 0
  let wake = () => {}
  const remake = (unit: Unit, reason: string) => {
    if (run.isPublished?.() === true) throw notRepeatable(input.describe(unit), reason)
    made.delete(unit)
    again.push(unit)
  }
  const recover = async (unit: Unit, output: number, reason: string) => {
    recovering++
    try {
      if (input.recover === undefined) throw new Error(`Assertion: output ${output} is lost of an input without parts`)
      const { isChanged } = await input.recover(output)
      for (const done of made) {
        if (isChanged(done.parts!.from, done.parts!.to)) remake(done, reason)
      }
      again.push(unit)
    } catch (error) {
      onError(error)
    } finally {
      recovering--
      wake()
    }
  }
  const count = (unit: Unit) => {
    tasks++
    bytes += (unit.ranges ?? []).reduce((sum, { from, to }) => sum + to - from, 0)
    run.progressed?.(tasks, bytes, input.totalBytes)
  }
  return {
    next: (threads: number) => again.shift() ?? (run.hasRoom?.() === false ? undefined : input.next(threads)),
    isExhausted: () => input.isExhausted() && again.length === 0 && recovering === 0,
    waiting() {
      const own = run.hasRoom?.() === false ? 0 : input.waiting?.()
      return own === undefined ? undefined : own + again.length + recovering
    },
    start: (onMore: () => void) => void (wake = onMore),
    commit(unit: Unit, payload: Uint8Array) {
      if (payload.byteLength === 0) return count(unit)
      const answer = decodeAnswer(payload)
      if (answer.kind === 'lost') return void recover(unit, answer.output, answer.reason)
      // Only what reads parts is ever made again; other units are let go with their records.
      if (unit.parts !== undefined) made.add(unit)
      if (answer.notes !== undefined) run.noted?.(answer.notes)
      run.made(unit, answer.values)
      count(unit)
    },
  }
}

function cut(unit: Unit): readonly Unit[] {
  const { ranges, records, order } = unit
  if (unit.rows !== undefined) return [unit]
  const pieces = ranges?.map((range) => ({ ranges: [range] })) ?? records?.map((record) => ({ records: [record] }))
  if (pieces === undefined || pieces.length <= 1) return [unit]
  return pieces.map((piece, index) => ({ ...piece, order: order + index / pieces.length }))
}

function failureOf(failure: TaskFailure, what: string, shipments: readonly Shipment[]): Error {
  const error = errorOfFailure(failure, what, shipments) as Error & { shoalFault?: Fault }
  const { shoalFault } = error
  if (shoalFault === undefined) return error
  const { code, facts, hint } = shoalFault
  return new ComputeError(code, error.message, { facts, ...(hint === undefined ? {} : { hint }) })
}

function notRepeatable(what: string, reason: string): ComputeError {
  const message = `Cannot make lost parts again for ${what}: they came out otherwise, and what was made of the first is already in use (${reason})`
  const hint =
    'Let functions of a dataset give the same for the same record: no random numbers, no time of day; or cache()'
  return new ComputeError('SHOAL_NOT_REPEATABLE', message, { hint })
}
