import type { Coordinator } from '../coordinator/coordinator.ts'
import type { StageHandle, StageSpec } from '../coordinator/stage.ts'
import { WorkerLostError } from '../errors.ts'
import type { LossRecord } from '../coordinator/loss.ts'
import { recordError } from '../wire/error-record.ts'
import type { ErrorRecord } from '../wire/error-record.ts'
import type { ToldPlaces } from './told-places.ts'
import type { ShippedCode } from '../wire/shipped.ts'
import { decodeMessage, encodeMessage } from './message.ts'
import type { CoordinatorStageMessage, DriverStageMessage, OptionalCall, StageData, WorkData } from './message.ts'
import type { ResumableLink } from './resumable-link.ts'

/** The stages of a driver elsewhere, in the coordinator's pod. */
export interface ServedStages {
  /** A message on the channel of a stage. */
  message(channel: number, body: Uint8Array<ArrayBuffer>): void
  cancel(channel: number, reason: unknown): void
  /** What the driver says of a stage on the control channel; undefined where it has ended. */
  control(channel: number): StageControls | undefined
  /** The driver has taken something: stages whose results had no room go on. */
  room(): void
  /** Ends whatever runs: its driver is not coming back. */
  cancelAll(reason: unknown): void
  readonly size: number
}

export interface ServedStagesOptions {
  readonly coordinator: Pick<Coordinator, 'open'>
  readonly link: Pick<ResumableLink, 'send' | 'consumed' | 'backlog' | 'release'>
  readonly code: ReadonlyMap<string, ShippedCode>
  readonly programs: ReadonlyMap<string, string>
  readonly places: ToldPlaces
}

/** Results that the driver has not taken: with more, no further tasks of the stage are handed out. */
const MAX_RESULT_BYTES = 128 * 1024 * 1024

/** A task that came from the driver: what is in it is for the worker alone. */
export interface ServedWork extends WorkData {
  payload: Uint8Array | Promise<Uint8Array>
  readonly channel: number
  /** What its message took of the channel's credit; given back once its result is on its way. */
  readonly messageBytes: number
  pieces: readonly ServedWork[]
}

export interface StageControls {
  rest(work: number, payload: Uint8Array | undefined): void
  home(place: number | undefined): void
  revoke(work: number, piece: number | undefined): void
}

interface ServedStage extends StageControls {
  take(message: DriverStageMessage, payload: Uint8Array, messageBytes: number): void
  wake(): void
  cancel(reason: unknown): void
}

export function createServedStages(options: ServedStagesOptions): ServedStages {
  const { link } = options
  const stages = new Map<number, ServedStage>()
  const cancelled = new Set<number>()
  const finished = new Set<number>()
  return {
    message(channel, body) {
      const { message, payload } = decodeMessage<DriverStageMessage>(body)
      if (message.type === 'open' && !cancelled.delete(channel)) {
        stages.set(
          channel,
          openStage(options, channel, message, () => {
            stages.delete(channel)
            finished.add(channel)
          }),
        )
        return link.consumed(channel, body.byteLength)
      }
      const stage = stages.get(channel)
      if (stage === undefined) link.consumed(channel, body.byteLength)
      else stage.take(message, payload, body.byteLength)
    },
    cancel(channel, reason) {
      const stage = stages.get(channel)
      if (stage === undefined && !finished.has(channel)) cancelled.add(channel)
      stage?.cancel(reason)
    },
    control: (channel) => stages.get(channel),
    room() {
      for (const channel of finished) {
        if (link.backlog(channel) > 0) continue
        finished.delete(channel)
        link.release(channel)
      }
      for (const stage of stages.values()) stage.wake()
    },
    cancelAll: (reason) => [...stages.values()].forEach((stage) => stage.cancel(reason)),
    get size() {
      return stages.size
    },
  }
}

function openStage(
  options: ServedStagesOptions,
  channel: number,
  { data, code, calls }: DriverStageMessage & { type: 'open' },
  onEnded: () => void,
): ServedStage {
  const { link, places } = options
  let waiting: ServedWork[] = []
  const cut = new Map<number, { readonly work: ServedWork; readonly pieces: ServedWork[] }>()
  /** With the coordinator, or waiting for it. */
  const works = new Map<number, ServedWork>()
  const revoked = new Set<number>()
  const rests = new Map<number, (payload: Uint8Array | undefined) => void>()
  let exhausted = false
  let home: number | undefined
  const over = (work: ServedWork) => {
    if (works.delete(work.id)) link.consumed(channel, work.messageBytes)
  }
  const send = (message: CoordinatorStageMessage, payload?: Uint8Array) =>
    link.send(channel, encodeMessage(message, payload))
  const optionalCalls = (wanted: readonly OptionalCall[]): Partial<StageSpec<ServedWork>> => {
    const all: Required<Pick<StageSpec<ServedWork>, OptionalCall>> = {
      partial: (work, payload, place) => send({ type: 'partial', work: work.id, place: places.dataOf(place) }, payload),
      started: (work, place) => send({ type: 'started', work: work.id, place: places.dataOf(place) }),
      // Only the driver knows: the task goes on when it has said so.
      rest(work) {
        work.payload = new Promise((resolve) =>
          rests.set(work.id, (payload) => (payload === undefined ? handle.revoke?.(work) : resolve(payload))),
        )
        send({ type: 'rest', work: work.id })
        return [work]
      },
      failed(work, error) {
        over(work)
        if (error !== FAILED) send({ type: 'work-failed', work: work.id, ...endOf(error) })
      },
      lost(work, record, hasRun) {
        if (work !== undefined) over(work)
        send({ type: 'lost', work: work?.id, record, hasRun })
      },
      waiting: () => waiting.length,
      home: () => (home === undefined ? undefined : places.placeOf(home)),
    }
    return Object.fromEntries(wanted.map((name) => [name, all[name]]))
  }
  const spec: StageSpec<ServedWork> = {
    ...stageOf(options, data, code),
    // Whoever has results that nobody takes makes no more of them.
    next: () => (link.backlog(channel) > MAX_RESULT_BYTES ? undefined : waiting.shift()),
    isExhausted: () => exhausted && waiting.length === 0,
    encode: (work) => work.payload,
    split(work) {
      if (work.pieces.length > 0) return work.pieces
      if (work.size > 1 && !cut.has(work.id)) {
        cut.set(work.id, { work, pieces: [] })
        send({ type: 'split', work: work.id })
      }
      return [work]
    },
    sizeOf: (work) => work.size,
    describe: (work) => work.description,
    commit(work, payload, micros) {
      over(work)
      send({ type: 'done', work: work.id, micros }, payload)
    },
    fail(work, failure) {
      over(work)
      send({ type: 'failed', work: work.id, failure })
      return FAILED
    },
    commitPart: (part) => send({ type: 'part' }, part),
    ...optionalCalls(calls),
  }
  const handle: StageHandle = options.coordinator.open(spec)
  handle.finished
    .then(
      () => send({ type: 'ended' }),
      (error: unknown) => send({ type: 'ended', ...endOf(error) }),
    )
    .finally(onEnded)
  const piece = (of: number, work: ServedWork, last: boolean) => {
    const whole = cut.get(of)
    if (whole === undefined) return
    whole.pieces.push(work)
    if (last) whole.work.pieces = whole.pieces
  }
  return {
    take(message, payload, messageBytes) {
      if (message.type === 'task' || message.type === 'piece') {
        const work: ServedWork = { ...message.work, channel, payload, messageBytes, pieces: [] }
        works.set(work.id, work)
        if (revoked.delete(work.id)) over(work)
        else if (message.type === 'piece') piece(message.of, work, message.last)
        else waiting.push(work)
      } else {
        link.consumed(channel, messageBytes)
        if (message.type === 'exhausted') exhausted = true
      }
      handle.wake()
    },
    wake: () => handle.wake(),
    cancel: (reason) => handle.cancel(reason),
    rest(work, payload) {
      rests.get(work)?.(payload)
      rests.delete(work)
    },
    home(place) {
      home = place
      handle.wake()
    },
    revoke(id, piece) {
      const work = works.get(id)
      if (work === undefined) return void revoked.add(id)
      handle.revoke?.(work, piece)
      if (piece !== undefined) return
      waiting = waiting.filter((each) => each !== work)
      over(work)
      handle.wake()
    },
  }
}

/** The driver makes the error of what user code threw. */
const FAILED = new Error('failed at the driver')

function endOf(error: unknown): { readonly error: ErrorRecord; readonly losses?: readonly LossRecord[] } {
  return { error: recordError(error), ...(error instanceof WorkerLostError ? { losses: error.losses } : {}) }
}

/** The data of the description, with the code that it names: it was sent before, on the control channel. */
function stageOf(
  { code: known, programs }: ServedStagesOptions,
  data: StageData,
  hashes: readonly string[],
): StageData & { readonly code: readonly ShippedCode[] } {
  const code = hashes.map((hash) => {
    const found = known.get(hash)
    if (found === undefined) throw new Error(`Cannot open stage "${data.name}": code ${hash} was never sent`)
    return found
  })
  const { program } = data
  if (typeof program === 'string') return { ...data, code }
  return { ...data, code, program: { hash: program.hash, source: programs.get(program.hash) ?? program.source } }
}
