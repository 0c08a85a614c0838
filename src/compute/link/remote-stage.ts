import { deserialize } from 'node:v8'
import type { LossRecord } from '../coordinator/loss.ts'
import type { Place, StageHandle } from '../coordinator/stage.ts'
import { ComputeError, WorkerLostError } from '../errors.ts'
import { recordError, reviveError } from '../wire/error-record.ts'
import type { ErrorRecord } from '../wire/error-record.ts'
import { createGivenWork } from './given-work.ts'
import type { GivenWork } from './given-work.ts'
import type { CoordinatorStageMessage, PlaceData } from './message.ts'
import { createStageFeed } from './stage-feed.ts'
import type { StageFeed, StageFeedOptions } from './stage-feed.ts'

/** A stage as the driver keeps it while its tasks are with a coordinator elsewhere. */
export interface RemoteStage
  extends Pick<StageHandle, 'finished' | 'cancel'>, Required<Pick<StageHandle, 'revoke' | 'more'>> {
  /** Describes the stage to the coordinator and hands over tasks. */
  begin(): void
  /** The coordinator has lost all that it knew: all tasks that have no result are handed over again. */
  restart(): void
  /** Hands over more tasks, as far as there is room. */
  pump(): void
  message(message: CoordinatorStageMessage, payload: Uint8Array): void
  readonly name: string
  /** How many pieces have no result, wherever they are; undefined where that is not known. */
  left(): number | undefined
  /** The work that has this number, while it has no result. */
  workOf(id: number): unknown
}

export interface RemoteStageOptions extends StageFeedOptions {
  tellCancelled(reason: ErrorRecord): void
  placeOf(data: PlaceData): Place
  readonly onEnded: () => void
}

/** What the handling of the coordinator's messages stands on. */
interface Parts {
  readonly options: RemoteStageOptions
  readonly given: GivenWork
  readonly feed: StageFeed
  end(error?: unknown): void
  fail(error: unknown): void
}

export function createRemoteStage(options: RemoteStageOptions): RemoteStage {
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>()
  finished.catch(() => {})
  const given = createGivenWork()
  let ended = false
  const end = (error?: unknown) => {
    if (ended) return
    ended = true
    feed.stop()
    given.clear()
    options.onEnded()
    if (error === undefined) resolve()
    else reject(error)
  }
  const fail = (error: unknown) => {
    if (!ended) options.tellCancelled(recordError(error))
    end(error)
  }
  const feed = createStageFeed(options, given, fail)
  const parts: Parts = { options, given, feed, end, fail }
  return {
    finished,
    begin: () => feed.begin(),
    restart: () => feed.begin(),
    pump: () => feed.pump(),
    message(message, payload) {
      if (ended) return
      try {
        takeMessage(parts, message, payload)
        feed.pump()
      } catch (error) {
        fail(error)
      }
    },
    cancel: fail,
    revoke(work, piece) {
      const id = given.find(work)
      if (id === undefined) return false
      const isStarted = given.get(id)?.isStarted ?? false
      if (piece === undefined) given.remove(id)
      options.tell({ type: 'revoke', work: id, piece })
      return isStarted
    },
    more(work, piece, count) {
      const id = given.find(work)
      if (id !== undefined) options.tell({ type: 'more', work: id, piece, count })
    },
    workOf: (id) => given.get(id)?.work,
    name: options.spec.name,
    left() {
      const own = options.spec.waiting?.() ?? (options.spec.isExhausted() ? 0 : undefined)
      return own === undefined ? undefined : own + given.running
    },
  }
}

function takeMessage(parts: Parts, message: CoordinatorStageMessage, payload: Uint8Array): void {
  const { given, end } = parts
  const { spec } = parts.options
  if (message.type === 'done') return done(parts, message, payload)
  if (message.type === 'part') return spec.commitPart?.(payload)
  if (message.type === 'split') return split(parts, message.work)
  if (message.type === 'failed') {
    const held = given.get(message.work)
    if (held !== undefined) failOne(parts, message.work, spec.fail(held.work, message.failure))
    return
  }
  if (message.type === 'work-failed') return failOne(parts, message.work, errorOf(message) ?? new Error('failed'))
  if (message.type === 'lost') {
    const work = message.work === undefined ? undefined : given.remove(message.work)
    return spec.lost?.(work, message.record, message.hasRun)
  }
  if (message.type === 'ended') return end(errorOf(message))
  passing(parts, message, payload)
}

type Message<T extends CoordinatorStageMessage['type']> = CoordinatorStageMessage & { readonly type: T }

function done({ options: { spec }, given, feed }: Parts, { work: id, micros }: Message<'done'>, payload: Uint8Array) {
  const held = given.get(id)
  if (held === undefined) return
  feed.done()
  if (spec.accumulates) given.change(id, { isHeld: true })
  else given.remove(id)
  spec.commit(held.work, payload, micros)
}

/** The task is over without a result: the stage with it, or that task alone. */
function failOne({ options: { spec }, given, end }: Parts, id: number, error: Error): void {
  if (spec.failed === undefined) return end(error)
  if (given.get(id) !== undefined) spec.failed(given.remove(id), error)
}

/** What the coordinator says of a task on its way, which changes nothing of where it is. */
function passing(parts: Parts, message: Message<'partial' | 'started' | 'rest'>, payload: Uint8Array): void {
  const { given } = parts
  const { spec, placeOf } = parts.options
  const held = given.get(message.work)
  if (held === undefined) return
  if (message.type === 'partial') spec.partial?.(held.work, payload, placeOf(message.place))
  else if (message.type === 'started') {
    given.change(message.work, { isStarted: true })
    spec.started?.(held.work, placeOf(message.place))
  } else tellRest(parts, message.work, held.work).catch(parts.fail)
}

/** What is left of a task whose thread was lost after a part of its results had come. */
async function tellRest({ options: { spec, tell }, given }: Parts, id: number, work: unknown): Promise<void> {
  const left = (spec.rest?.(work) ?? [work])[0]
  if (left === undefined) given.remove(id)
  else given.change(id, { work: left })
  const payload = left === undefined ? undefined : await spec.encode(left, false)
  tell({ type: 'rest', work: id, payload })
}

function split({ options: { spec }, given, feed }: Parts, id: number): void {
  const whole = given.get(id)
  const pieces = whole === undefined ? [] : spec.split(whole.work)
  if (pieces.length <= 1) return
  given.remove(id)
  pieces.forEach((piece, index) =>
    feed.hand(piece, (work) => ({ type: 'piece', of: id, work, last: index === pieces.length - 1 })),
  )
}

interface Ending {
  readonly error?: ErrorRecord
  readonly losses?: readonly LossRecord[]
}

function errorOf({ error, losses }: Ending): Error | undefined {
  if (error === undefined) return undefined
  const hint = String(
    error.properties.filter(([key]) => key === 'hint').map(([, bytes]) => deserialize(bytes) as unknown)[0] ?? '',
  )
  if (losses !== undefined) return new WorkerLostError(error.message, hint, losses)
  return reviveError(error, ({ message }) => new ComputeError('SHOAL_CLOSED', message, { hint }))
}
