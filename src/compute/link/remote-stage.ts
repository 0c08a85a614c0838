import type { Environment } from '../../env/environment.ts'
import type { Timer } from '../../env/clock.ts'
import type { LossRecord } from '../coordinator/loss.ts'
import type { Place, StageSpec } from '../coordinator/stage.ts'
import { ComputeError, WorkerLostError } from '../errors.ts'
import { deserialize } from 'node:v8'
import { recordError, reviveError } from '../wire/error-record.ts'
import type { ErrorRecord } from '../wire/error-record.ts'
import { OPTIONAL_CALLS } from './message.ts'
import type { CoordinatorStageMessage, DriverMessage, DriverStageMessage, PlaceData } from './message.ts'
import type { StageData, WorkData } from './message.ts'

/** What goes by the control channel; which stage it is of is added there. */
export type StageControl = DriverMessage extends infer M
  ? M extends { readonly type: 'rest' | 'home' | 'revoke' }
    ? Omit<M, 'stage'>
    : never
  : never

/** A place that the coordinator has told of. */
export type KnownPlace = Place & { readonly id: number }

/** A stage as the driver keeps it while its tasks are with a coordinator elsewhere. */
export interface RemoteStage {
  readonly finished: Promise<void>
  /** Describes the stage to the coordinator and hands over tasks; after `restart` all those that have no result again. */
  begin(): void
  /** The coordinator has lost all that it knew. */
  restart(): void
  /** Hands over more tasks, as far as there is room. */
  pump(): void
  message(message: CoordinatorStageMessage, payload: Uint8Array): void
  /** Ends with `reason` here and now; the coordinator is told. */
  cancel(reason: unknown): void
  /** See `StageHandle.revoke`. */
  revoke(work: unknown, piece?: number): boolean
  /** The work that has this number, while it has no result. */
  workOf(id: number): unknown
}

export interface RemoteStageOptions {
  readonly env: Environment
  readonly spec: StageSpec<unknown>
  /** How many threads there are to hand out tasks for. */
  readonly threads: () => number
  send(message: DriverStageMessage, payload?: Uint8Array): void
  tellCancelled(reason: ErrorRecord): void
  tell(message: StageControl): void
  placeOf(data: PlaceData): Place
  /** Bytes that the coordinator still holds of what was sent. */
  readonly backlog: () => number
  readonly onEnded: () => void
}

/** What the coordinator may hold of one stage, in bytes of tasks: it goes on with these while the driver is away. */
const MAX_BACKLOG_BYTES = 32 * 1024 * 1024
/** Tasks with the coordinator at first, for each thread: what items cost is not known yet. */
const FIRST_TASKS = 4
const MAX_TASKS = 65_536
/** Tasks that are not done sooner are long: more of them may as well wait there. */
const PATIENCE_MS = 500
/** So many tasks are encoded at a time where that takes reading files. */
const MAX_ENCODING = 4

interface Work {
  readonly work: unknown
  isStarted: boolean
  /** Its result counts once the thread that holds it was collected: until then it may have to run again. */
  isHeld: boolean
}

export function createRemoteStage(options: RemoteStageOptions): RemoteStage {
  const { spec, env } = options
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>()
  finished.catch(() => {})
  const works = new Map<number, Work>()
  let lastWork = 0
  let running = 0
  let home: number | undefined
  let limit = 0
  let encoding = 0
  let ended = false
  let saidExhausted = false
  let patience: Timer | undefined
  /** Rises with each beginning: what was encoded for an earlier one is not sent. */
  let epoch = 0

  const end = (error?: unknown) => {
    if (ended) return
    ended = true
    patience?.cancel()
    works.clear()
    options.onEnded()
    if (error === undefined) resolve()
    else reject(error)
  }
  const fail = (error: unknown) => {
    if (!ended) options.tellCancelled(recordError(error))
    end(error)
  }
  const dataOf = (id: number, work: unknown): WorkData => ({
    id,
    size: spec.sizeOf(work),
    description: spec.describe(work),
  })
  const hand = (work: unknown, say: (data: WorkData) => DriverStageMessage) => {
    const id = ++lastWork
    works.set(id, { work, isHeld: false, isStarted: false })
    running++
    submit(work, say(dataOf(id, work)))
  }
  const submit = (work: unknown, message: DriverStageMessage) => {
    const began = epoch
    const sent = (payload: Uint8Array) => {
      if (!ended && began === epoch) options.send(message, payload)
    }
    try {
      const payload = spec.encode(work, false)
      if (!(payload instanceof Promise)) return sent(payload)
      encoding++
      payload.then(sent, fail).finally(() => {
        encoding--
        pump()
      })
    } catch (error) {
      fail(error)
    }
  }
  const hasRoom = () => running < limit && encoding < MAX_ENCODING && options.backlog() < MAX_BACKLOG_BYTES
  const pump = () => {
    if (ended) return
    tellHome()
    limit = Math.max(limit, FIRST_TASKS * Math.max(1, options.threads()))
    try {
      while (!ended && hasRoom()) {
        const work = spec.next(Math.max(1, options.threads()))
        if (work === undefined) return settle()
        hand(work, (data) => ({ type: 'task', work: data }))
      }
    } catch (error) {
      fail(error)
    }
    waitForMore()
  }
  const waitForMore = () => {
    if (ended || limit >= MAX_TASKS || running < limit) return
    patience ??= env.timers.after(
      PATIENCE_MS,
      () => {
        patience = undefined
        limit = Math.min(MAX_TASKS, limit * 4)
        pump()
      },
      { background: true },
    )
  }
  const settle = () => {
    if (saidExhausted || encoding > 0 || !spec.isExhausted()) return
    saidExhausted = true
    options.send({ type: 'exhausted' })
  }
  const tellHome = () => {
    if (spec.home === undefined) return
    const place = spec.home()
    const id = place === undefined ? undefined : (place as KnownPlace).id
    if (id === home) return
    home = id
    options.tell({ type: 'home', place: id })
  }
  const begin = () => {
    home = undefined
    const calls = OPTIONAL_CALLS.filter((name) => spec[name] !== undefined)
    options.send({ type: 'open', data: dataOfStage(spec), code: spec.code.map(({ hash }) => hash), calls })
    for (const [id, { work }] of works) submit(work, { type: 'task', work: dataOf(id, work) })
    running = works.size
    pump()
  }
  const done = (id: number, payload: Uint8Array, micros: number) => {
    const held = works.get(id)
    if (held === undefined) return
    running--
    limit = Math.min(MAX_TASKS, limit + 2)
    if (spec.accumulates) held.isHeld = true
    else works.delete(id)
    spec.commit(held.work, payload, micros)
  }
  /** The task is over without a result. */
  const forget = (id: number): unknown => {
    const held = works.get(id)
    if (held !== undefined && works.delete(id)) running--
    return held?.work
  }
  const failOne = (id: number, error: Error) => {
    if (spec.failed === undefined) return end(error)
    if (works.has(id)) spec.failed(forget(id), error)
  }
  const rest = async (id: number) => {
    const held = works.get(id)
    if (held === undefined) return
    const left = (spec.rest?.(held.work) ?? [held.work])[0]
    if (left === undefined) forget(id)
    else works.set(id, { ...held, work: left })
    const payload = left === undefined ? undefined : await spec.encode(left, false)
    options.tell({ type: 'rest', work: id, payload })
  }
  const lost = (id: number | undefined, record: LossRecord, hasRun: boolean) => {
    spec.lost?.(id === undefined ? undefined : forget(id), record, hasRun)
  }
  /** What the coordinator says of a task on its way, which changes nothing of where it is. */
  const passing = (message: CoordinatorStageMessage, payload: Uint8Array) => {
    if (!('work' in message) || message.work === undefined) return
    const held = works.get(message.work)
    if (held === undefined) return
    if (message.type === 'partial') spec.partial?.(held.work, payload, options.placeOf(message.place))
    else if (message.type === 'started') {
      held.isStarted = true
      spec.started?.(held.work, options.placeOf(message.place))
    } else if (message.type === 'rest') rest(message.work).catch(fail)
  }
  const split = (id: number) => {
    const whole = works.get(id)
    const pieces = whole === undefined ? [] : spec.split(whole.work)
    if (pieces.length <= 1) return
    works.delete(id)
    running--
    pieces.forEach((piece, index) =>
      hand(piece, (work) => ({ type: 'piece', of: id, work, last: index === pieces.length - 1 })),
    )
  }
  return {
    finished,
    begin,
    restart() {
      epoch++
      saidExhausted = false
      begin()
    },
    pump,
    message(message, payload) {
      if (ended) return
      try {
        if (message.type === 'done') done(message.work, payload, message.micros)
        else if (message.type === 'part') spec.commitPart?.(payload)
        else if (message.type === 'split') split(message.work)
        else if (message.type === 'failed') {
          const held = works.get(message.work)
          if (held !== undefined) failOne(message.work, spec.fail(held.work, message.failure))
        } else if (message.type === 'work-failed') failOne(message.work, errorOf(message) ?? new Error('failed'))
        else if (message.type === 'lost') lost(message.work, message.record, message.hasRun)
        else if (message.type !== 'ended') passing(message, payload)
        else end(message.error === undefined ? undefined : errorOf(message))
        pump()
      } catch (error) {
        fail(error)
      }
    },
    cancel: fail,
    revoke(work, piece) {
      for (const [id, held] of works) {
        if (held.work !== work) continue
        if (piece === undefined) forget(id)
        options.tell({ type: 'revoke', work: id, piece })
        return held.isStarted
      }
      return false
    },
    workOf: (id) => works.get(id)?.work,
  }
}

/** Whatever of the description is data: functions stay here, code goes by hash. */
function dataOfStage(spec: StageSpec<unknown>): StageData {
  const data = Object.entries(spec).filter(([key, value]) => typeof value !== 'function' && key !== 'code')
  const { program } = spec
  const named = typeof program === 'string' ? program : { hash: program.hash, source: '' }
  return { ...(Object.fromEntries(data) as unknown as StageData), program: named }
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
