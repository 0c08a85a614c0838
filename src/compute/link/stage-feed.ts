import type { Environment } from '../../env/environment.ts'
import type { Place, StageSpec } from '../coordinator/stage.ts'
import type { GivenWork } from './given-work.ts'
import { OPTIONAL_CALLS } from './message.ts'
import type { DriverMessage, DriverStageMessage, StageData, WorkData } from './message.ts'
import { createTaskAllowance } from './task-allowance.ts'

/** What goes by the control channel; which stage it is of is added there. */
export type StageControl = DriverMessage extends infer M
  ? M extends { readonly type: 'rest' | 'home' | 'revoke' | 'more' }
    ? Omit<M, 'stage'>
    : never
  : never

/** A place that the coordinator has told of. */
export type KnownPlace = Place & { readonly id: number }

/** Hands the tasks of a stage to a coordinator elsewhere, as far as there is room for them. */
export interface StageFeed {
  /** Describes the stage and hands over all work that has no result; then more. */
  begin(): void
  pump(): void
  /** Hands over one piece of work; `say` makes its message. */
  hand(work: unknown, say: (data: WorkData) => DriverStageMessage): void
  /** A task was done. */
  done(): void
  stop(): void
}

export interface StageFeedOptions {
  readonly env: Environment
  readonly spec: StageSpec<unknown>
  /** How many threads there are to hand out tasks for. */
  readonly threads: () => number
  send(message: DriverStageMessage, payload?: Uint8Array): void
  tell(message: StageControl): void
  /** Bytes that the coordinator still holds of what was sent. */
  readonly backlog: () => number
}

/** What the coordinator may hold of one stage, in bytes of tasks: it goes on with these while the driver is away. */
const MAX_BACKLOG_BYTES = 32 * 1024 * 1024
/** So many tasks are encoded at a time where that takes reading files. */
const MAX_ENCODING = 4

/** `fail` ends the stage: a task of it cannot be made. */
export function createStageFeed(
  options: StageFeedOptions,
  given: GivenWork,
  fail: (error: unknown) => void,
): StageFeed {
  const { spec } = options
  let isStopped = false
  let saidExhausted = false
  const home = createHomeTeller(options)
  const allowance = createTaskAllowance(options.env, () => pump())
  const tasks = createTaskSender(options, fail, () => pump())
  const dataOf = (id: number, work: unknown): WorkData => ({
    id,
    size: spec.sizeOf(work),
    description: spec.describe(work),
  })
  const hand: StageFeed['hand'] = (work, say) => tasks.send(work, say(dataOf(given.add(work), work)))
  const hasRoom = () =>
    given.running < allowance.tasks && tasks.encoding < MAX_ENCODING && options.backlog() < MAX_BACKLOG_BYTES
  const settle = () => {
    if (saidExhausted || tasks.encoding > 0 || !spec.isExhausted()) return
    saidExhausted = true
    options.send({ type: 'exhausted' })
  }
  const pump = () => {
    if (isStopped) return
    home.tell()
    const threads = Math.max(1, options.threads())
    allowance.threads(threads)
    try {
      while (!isStopped && hasRoom()) {
        const work = spec.next(threads)
        if (work === undefined) return settle()
        hand(work, (data) => ({ type: 'task', work: data }))
      }
    } catch (error) {
      fail(error)
    }
    if (!isStopped && given.running >= allowance.tasks) allowance.exhausted()
  }
  return {
    begin() {
      saidExhausted = false
      home.forget()
      tasks.forget()
      const calls = OPTIONAL_CALLS.filter((name) => spec[name] !== undefined)
      options.send({ type: 'open', data: dataOfStage(spec), code: spec.code.map(({ hash }) => hash), calls })
      for (const [id, work] of given.again()) tasks.send(work, { type: 'task', work: dataOf(id, work) })
      pump()
    },
    pump,
    hand,
    done: () => allowance.done(),
    stop() {
      isStopped = true
      tasks.forget()
      allowance.stop()
    },
  }
}

interface TaskSender {
  send(work: unknown, message: DriverStageMessage): void
  /** What is still being encoded is not sent. */
  forget(): void
  /** How many tasks are being encoded. */
  readonly encoding: number
}

function createTaskSender(
  { spec, send }: StageFeedOptions,
  fail: (error: unknown) => void,
  onEncoded: () => void,
): TaskSender {
  let encoding = 0
  /** Rises with each beginning: what was encoded for an earlier one is not sent. */
  let epoch = 0
  return {
    send(work, message) {
      const began = epoch
      const sent = (payload: Uint8Array) => {
        if (began === epoch) send(message, payload)
      }
      try {
        const payload = spec.encode(work, false)
        if (!(payload instanceof Promise)) return sent(payload)
        encoding++
        payload.then(sent, fail).finally(() => {
          encoding--
          onEncoded()
        })
      } catch (error) {
        fail(error)
      }
    },
    forget: () => void epoch++,
    get encoding() {
      return encoding
    },
  }
}

/** Tells the coordinator which thread is the stage's home, where that has changed. */
function createHomeTeller({ spec, tell }: StageFeedOptions): { tell(): void; forget(): void } {
  let home: number | undefined
  return {
    tell() {
      if (spec.home === undefined) return
      const id = (spec.home() as KnownPlace | undefined)?.id
      if (id === home) return
      home = id
      tell({ type: 'home', place: id })
    },
    forget: () => void (home = undefined),
  }
}

/** Whatever of the description is data: functions stay here, code goes by hash. */
function dataOfStage(spec: StageSpec<unknown>): StageData {
  const data = Object.entries(spec).filter(([key, value]) => typeof value !== 'function' && key !== 'code')
  const { program } = spec
  const named = typeof program === 'string' ? program : { hash: program.hash, source: '' }
  return { ...(Object.fromEntries(data) as unknown as StageData), program: named }
}
