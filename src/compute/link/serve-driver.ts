import type { Duplex } from 'node:stream'
import type { Timer } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { createCoordinator } from '../coordinator/coordinator.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import type { LossRecord } from '../coordinator/loss.ts'
import type { CoordinatorOptions } from '../coordinator/options.ts'
import { reviveError } from '../wire/error-record.ts'
import type { ErrorRecord } from '../wire/error-record.ts'
import { GREETING_MS } from '../wire/handshake.ts'
import type { ShippedCode } from '../wire/shipped.ts'
import { readGreeting, sendGreeting } from './greet.ts'
import { decodeMessage, encodeMessage } from './message.ts'
import type { CoordinatorNews, DriverMessage } from './message.ts'
import { CONTROL_CHANNEL } from './out-channels.ts'
import { createResumableLink } from './resumable-link.ts'
import type { ResumableLink } from './resumable-link.ts'
import { createServedStages } from './served-stages.ts'
import type { ServedStages } from './served-stages.ts'
import type { ServedWork } from './served-works.ts'
import { tellTasks } from './task-news.ts'
import { createToldPlaces } from './told-places.ts'
import type { ToldPlaces } from './told-places.ts'

/** The coordinator of a run whose driver is elsewhere. The driver may be away for a while: work goes on meanwhile. */
export interface DriverService {
  readonly coordinator: Coordinator
  /** Takes a connection of the driver's. One of a session that is not known begins anew: what ran for the old one ends. */
  accept(stream: Duplex): Promise<void>
}

export interface DriverServiceOptions {
  readonly env: Environment
  readonly limits?: Pick<CoordinatorOptions, 'maxLosses' | 'heartbeatMs' | 'silentMs' | 'cancelGraceMs'>
  /** How long the driver may be away before the run is given up, in milliseconds. */
  readonly awayMs: number
  /** The run is over: the driver said so, or has been away for too long. */
  readonly onEnd: (reason: string) => void
}

/** What belongs to one session of a driver. */
interface Session {
  readonly link: ResumableLink
  readonly stages: ServedStages
  readonly investigations: Map<number, (record: LossRecord) => void>
}

/** How often the driver is told what stages wait for, where that has changed. */
const WHY_MS = 500

export function createDriverService(options: DriverServiceOptions): DriverService {
  const { env } = options
  let session: Session | undefined
  let away: Timer | undefined
  let lastRequest = 0
  const places = createToldPlaces()
  const tell = (message: CoordinatorNews) => session?.link.send(CONTROL_CHANNEL, encodeMessage(message))
  const coordinator = createCoordinator({
    ...options.limits,
    env,
    onWorkers: (counts) => tell({ type: 'workers', ...counts }),
    onLoss: (record) => tell({ type: 'loss', record }),
    onRetry: () => tell({ type: 'retry' }),
    onLog: (log) => tell({ type: 'log', log }),
    onTask: tellTasks(env, tell),
    onLeaving: (pod) => tell({ type: 'leaving', pod }),
    onAsk(place, body) {
      const sent = place.sent.map(({ id, work, stage }) => sentOf(id, work as ServedWork, stage.spec.name))
      tell({ type: 'ask', place: places.dataOf(place), body, sent })
    },
    onSilent: (pod) => tell({ type: 'silent', pod }),
    investigate(record) {
      if (session === undefined) return Promise.resolve(record)
      const { promise, resolve } = Promise.withResolvers<LossRecord>()
      session.investigations.set(++lastRequest, resolve)
      tell({ type: 'investigate', request: lastRequest, record })
      return promise
    },
  })
  const end = (reason: string) => {
    coordinator.close(new Error(reason))
    options.onEnd(reason)
  }
  const driverAway = () => {
    away?.cancel()
    away = env.timers.after(options.awayMs, () => end(`the driver has been away for ${options.awayMs / 1000} s`))
  }
  const begin = (name: string): Session => {
    session?.stages.cancelAll(new Error('another driver has taken over'))
    session?.link.close()
    const begun = openSession(options, coordinator, name, driverAway, places, end)
    session = begun
    tell({ type: 'workers', ...coordinator.counts() })
    return begun
  }
  tellWhy(env, coordinator, () => (session?.stages.size ?? 0) > 0, tell)
  driverAway()
  return {
    coordinator,
    async accept(stream) {
      const late = () => stream.destroy(new Error(`no greeting came in ${GREETING_MS / 1000} s`))
      const timer = env.timers.after(GREETING_MS, late, { background: true })
      const greeting = await readGreeting(stream).finally(() => timer.cancel())
      const isNew = session?.link.session !== greeting.session
      const { link } = isNew || session === undefined ? begin(greeting.session) : session
      away?.cancel()
      sendGreeting(stream, { session: link.session, position: link.position(), isNew })
      link.attach(stream, isNew ? { received: 0, consumed: [] } : greeting.position)
    },
  }
}

function openSession(
  { env }: DriverServiceOptions,
  coordinator: Coordinator,
  name: string,
  onAway: () => void,
  places: ToldPlaces,
  onEnd: (reason: string) => void,
): Session {
  const code = new Map<string, ShippedCode>()
  const programs = new Map<string, string>()
  const investigations = new Map<number, (record: LossRecord) => void>()
  const tell = (message: CoordinatorNews) => link.send(CONTROL_CHANNEL, encodeMessage(message))
  const drain = async ({ request, pod }: DriverMessage & { type: 'drain' }) => {
    await coordinator.drain(pod)
    tell({ type: 'drained', request })
  }
  const settle = ({ request, needs }: DriverMessage & { type: 'settle' }) => {
    const place = coordinator.settleDown(needs)
    tell({ type: 'settled', request, place: place === undefined ? undefined : places.dataOf(place) })
  }
  const control = (message: DriverMessage) => {
    if (message.type === 'code') for (const piece of message.code) code.set(piece.hash, piece)
    else if (message.type === 'program') programs.set(message.hash, message.source)
    else if (message.type === 'cancel') stages.cancel(message.stage, errorOf(message.reason))
    else if (message.type === 'rest') stages.control(message.stage)?.rest(message.work, message.payload)
    else if (message.type === 'home') stages.control(message.stage)?.home(message.place)
    else if (message.type === 'revoke') stages.control(message.stage)?.revoke(message.work, message.piece)
    else if (message.type === 'more') stages.control(message.stage)?.more(message.work, message.piece, message.count)
    else if (message.type === 'release') coordinator.release(message.name)
    else if (message.type === 'drain') void drain(message)
    else if (message.type === 'settle') settle(message)
    else if (message.type === 'to-place') places.send(message.place, message.kind, message.body)
    else if (message.type === 'close') onEnd('the session was closed')
    else {
      investigations.get(message.request)?.(message.record)
      investigations.delete(message.request)
    }
  }
  const link = createResumableLink({
    env,
    session: name,
    onMessage(channel, body) {
      if (channel === CONTROL_CHANNEL) control(decodeMessage<DriverMessage>(body).message)
      else stages.message(channel, body)
    },
    onRoom: () => stages.room(),
    onDetached: onAway,
  })
  const stages = createServedStages({ coordinator, link, code, programs, places })
  return { link, stages, investigations }
}

const sentOf = (id: number, { channel, id: work }: ServedWork, name: string) => ({ id, stage: channel, work, name })

function errorOf(record: ErrorRecord): Error {
  return reviveError(record, ({ message }) => new Error(message))
}

/** Tells the driver what stages wait for and what there is to do, as long as some run and where it has changed. */
function tellWhy(
  env: Environment,
  coordinator: Coordinator,
  isBusy: () => boolean,
  tell: (message: CoordinatorNews) => void,
): void {
  let toldReasons = ''
  let toldDemand = ''
  const look = () => {
    const reasons = isBusy() ? coordinator.why() : []
    if (reasons.join('\n') !== toldReasons) tell({ type: 'why', reasons })
    toldReasons = reasons.join('\n')
    const demand = coordinator.demand()
    const text = JSON.stringify(demand)
    if (text !== toldDemand) tell({ type: 'demand', demand, capacities: coordinator.capacities() })
    toldDemand = text
    env.timers.after(WHY_MS, look, { background: true })
  }
  look()
}
