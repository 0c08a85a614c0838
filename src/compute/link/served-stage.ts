import type { Coordinator } from '../coordinator/coordinator.ts'
import type { LossRecord } from '../coordinator/loss.ts'
import type { StageHandle, StageSpec } from '../coordinator/stage.ts'
import { WorkerLostError } from '../errors.ts'
import { recordError } from '../wire/error-record.ts'
import type { ErrorRecord } from '../wire/error-record.ts'
import type { ShippedCode } from '../wire/shipped.ts'
import { encodeMessage } from './message.ts'
import type { CoordinatorStageMessage, DriverStageMessage, OptionalCall, StageData } from './message.ts'
import type { ResumableLink } from './resumable-link.ts'
import { createServedWorks } from './served-works.ts'
import type { ServedWork, ServedWorks } from './served-works.ts'
import type { ToldPlaces } from './told-places.ts'

/** What the driver says of a stage on the control channel. */
export interface StageControls {
  rest(work: number, payload: Uint8Array | undefined): void
  home(place: number | undefined): void
  revoke(work: number, piece: number | undefined): void
  more(work: number, piece: number, count: number): void
}

/** A stage of a driver elsewhere, in the coordinator's pod. */
export interface ServedStage extends StageControls {
  take(message: DriverStageMessage, payload: Uint8Array, messageBytes: number): void
  wake(): void
  cancel(reason: unknown): void
}

export interface ServedStageOptions {
  readonly coordinator: Pick<Coordinator, 'open'>
  readonly link: Pick<ResumableLink, 'send' | 'consumed' | 'backlog'>
  readonly code: ReadonlyMap<string, ShippedCode>
  readonly programs: ReadonlyMap<string, string>
  readonly places: ToldPlaces
}

/** Results that the driver has not taken: with more, no further tasks of the stage are handed out. */
const MAX_RESULT_BYTES = 128 * 1024 * 1024

/** What the functions of one stage's description share. */
interface State {
  readonly options: ServedStageOptions
  readonly channel: number
  readonly works: ServedWorks
  /** Who waits to hear what is left of a piece of work. */
  readonly rests: Map<number, (payload: Uint8Array | undefined) => void>
  exhausted: boolean
  home: number | undefined
  send(message: CoordinatorStageMessage, payload?: Uint8Array): void
  handle(): StageHandle
}

export function openServedStage(
  options: ServedStageOptions,
  channel: number,
  { data, code, calls }: DriverStageMessage & { type: 'open' },
  onEnded: () => void,
): ServedStage {
  const { link } = options
  const send: State['send'] = (message, payload) => link.send(channel, encodeMessage(message, payload))
  const works = createServedWorks(
    channel,
    (work) => send({ type: 'split', work }),
    (bytes) => link.consumed(channel, bytes),
  )
  const state: State = {
    options,
    channel,
    works,
    rests: new Map(),
    exhausted: false,
    home: undefined,
    send,
    handle: () => handle,
  }
  const wanted = optionalCalls(state)
  const handle: StageHandle = options.coordinator.open({
    ...stageOf(options, data, code),
    ...requiredCalls(state),
    ...Object.fromEntries(calls.map((name) => [name, wanted[name]])),
  } as StageSpec<ServedWork>)
  handle.finished
    .then(
      () => send({ type: 'ended' }),
      (error: unknown) => send({ type: 'ended', ...endOf(error) }),
    )
    .finally(onEnded)
  return {
    take(message, payload, messageBytes) {
      if (message.type === 'task' || message.type === 'piece') works.take(message, payload, messageBytes)
      else {
        link.consumed(channel, messageBytes)
        if (message.type === 'exhausted') state.exhausted = true
      }
      handle.wake()
    },
    wake: () => handle.wake(),
    cancel: (reason) => handle.cancel(reason),
    ...controls(state),
  }
}

function controls(state: State): StageControls {
  const { works, rests, handle } = state
  return {
    rest(work, payload) {
      rests.get(work)?.(payload)
      rests.delete(work)
    },
    home(place) {
      state.home = place
      handle().wake()
    },
    revoke(id, piece) {
      const work = works.get(id)
      if (work !== undefined) handle().revoke?.(work, piece)
      if (work !== undefined && piece !== undefined) return
      works.revoke(id)
      handle().wake()
    },
    more(id, piece, count) {
      const work = works.get(id)
      if (work !== undefined) handle().more?.(work, piece, count)
    },
  }
}

function requiredCalls(state: State) {
  const { options, channel, works, send } = state
  return {
    // Whoever has results that nobody takes makes no more of them.
    next: () => (options.link.backlog(channel) > MAX_RESULT_BYTES ? undefined : works.next()),
    isExhausted: () => state.exhausted && works.waiting === 0,
    encode: (work: ServedWork) => work.payload,
    split: (work: ServedWork) => works.split(work),
    sizeOf: (work: ServedWork) => work.size,
    describe: (work: ServedWork) => work.description,
    commit(work, payload, micros) {
      works.over(work)
      send({ type: 'done', work: work.id, micros }, payload)
    },
    fail(work, failure) {
      works.over(work)
      send({ type: 'failed', work: work.id, failure })
      return FAILED
    },
    commitPart: (part: Uint8Array) => send({ type: 'part' }, part),
  } satisfies Partial<StageSpec<ServedWork>>
}

function optionalCalls(state: State): Required<Pick<StageSpec<ServedWork>, OptionalCall>> {
  const { works, send, rests, handle } = state
  const { places } = state.options
  return {
    partial: (work, payload, place) => send({ type: 'partial', work: work.id, place: places.dataOf(place) }, payload),
    started: (work, place) => send({ type: 'started', work: work.id, place: places.dataOf(place) }),
    // Only the driver knows: the task goes on when it has said so.
    rest(work) {
      work.payload = new Promise((resolve) =>
        rests.set(work.id, (payload) => (payload === undefined ? handle().revoke?.(work) : resolve(payload))),
      )
      send({ type: 'rest', work: work.id })
      return [work]
    },
    failed(work, error) {
      works.over(work)
      if (error !== FAILED) send({ type: 'work-failed', work: work.id, ...endOf(error) })
    },
    lost(work, record, hasRun) {
      if (work !== undefined) works.over(work)
      send({ type: 'lost', work: work?.id, record, hasRun })
    },
    waiting: () => works.waiting,
    home: () => (state.home === undefined ? undefined : places.placeOf(state.home)),
  }
}

/** The driver makes the error of what user code threw. */
const FAILED = new Error('failed at the driver')

function endOf(error: unknown): { readonly error: ErrorRecord; readonly losses?: readonly LossRecord[] } {
  return { error: recordError(error), ...(error instanceof WorkerLostError ? { losses: error.losses } : {}) }
}

/** The data of the description, with the code that it names: it was sent before, on the control channel. */
function stageOf(
  { code: known, programs }: ServedStageOptions,
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
