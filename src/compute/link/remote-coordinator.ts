import type { Environment } from '../../env/environment.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import type { Demand } from '../coordinator/demand.ts'
import type { StageHost } from '../coordination.ts'
import type { StageHandle, StageSpec } from '../coordinator/stage.ts'
import { createCoordinatorNews } from './coordinator-news.ts'
import type { CoordinatorListeners, NewsOfCoordinator } from './coordinator-news.ts'
import { createKnownPlaces } from './known-places.ts'
import type { KnownPlaces } from './known-places.ts'
import { decodeMessage, encodeMessage } from './message.ts'
import type {
  CoordinatorNews,
  CoordinatorStageMessage,
  DriverMessage,
  DriverStageMessage,
  PlaceData,
} from './message.ts'
import { CONTROL_CHANNEL } from './out-channels.ts'
import { createReservations } from './requests.ts'
import { createRemoteStage } from './remote-stage.ts'
import type { RemoteStage } from './remote-stage.ts'
import type { ResumableLink } from './resumable-link.ts'

/** A coordinator that runs elsewhere, behind a link that may be cut for a while. */
export interface RemoteCoordinator extends StageHost {
  message(channel: number, body: Uint8Array<ArrayBuffer>): void
  /** There may be room for more tasks on the link. */
  room(): void
  /** The coordinator has no memory of us: all that has no result yet is submitted again. */
  restart(): void
}

export interface RemoteCoordinatorOptions extends CoordinatorListeners {
  readonly env: Environment
  readonly link: Pick<ResumableLink, 'send' | 'consumed' | 'backlog' | 'drop' | 'release'>
  /** Why nothing can be heard of the coordinator, where nothing can. */
  readonly whyCut: () => string | undefined
}

/** What the stages of a coordinator elsewhere stand on. */
interface Parts {
  readonly options: RemoteCoordinatorOptions
  readonly stages: Map<number, RemoteStage>
  readonly places: KnownPlaces
  readonly news: NewsOfCoordinator
  readonly code: CodeSender
  tell(message: DriverMessage): void
}

export function createRemoteCoordinator(options: RemoteCoordinatorOptions): RemoteCoordinator {
  const { link } = options
  const stages = new Map<number, RemoteStage>()
  const tell = (message: DriverMessage) => link.send(CONTROL_CHANNEL, encodeMessage(message))
  const places = createKnownPlaces((place, kind, body) => tell({ type: 'to-place', place, kind, body }))
  const news = createCoordinatorNews(options, { stages, places, tell })
  const code = createCodeSender(tell)
  const parts: Parts = { options, stages, places, news, code, tell }
  let lastStage = CONTROL_CHANNEL
  let closed: { readonly reason: unknown } | undefined
  const failAll = (reason: unknown) => [...stages.values()].forEach((stage) => stage.cancel(reason))
  return {
    open(spec) {
      const handle = openStage(parts, ++lastStage, spec as StageSpec<unknown>)
      if (closed !== undefined) handle.cancel(closed.reason)
      return handle as ReturnType<Coordinator['open']>
    },
    counts: () => news.counts,
    ...placing(parts),
    why() {
      const cut = options.whyCut()
      return [...(cut === undefined ? [] : [cut]), ...(stages.size === 0 ? [] : news.reasons)]
    },
    failAll,
    close(reason) {
      closed ??= { reason }
      failAll(reason)
      tell({ type: 'close' })
    },
    message(channel, body) {
      if (channel === CONTROL_CHANNEL) return news.take(decodeMessage<CoordinatorNews>(body).message)
      const { message, payload } = decodeMessage<CoordinatorStageMessage>(body)
      stages.get(channel)?.message(message, payload)
      link.consumed(channel, body.byteLength)
      if (message.type === 'ended') link.release(channel)
    },
    room() {
      for (const stage of stages.values()) stage.pump()
    },
    restart() {
      code.forget()
      places.clear()
      for (const stage of stages.values()) stage.restart()
    },
  }
}

/** What is asked of the coordinator about workers and their threads. */
function placing({
  options,
  stages,
  news,
  places,
  tell,
}: Parts): Pick<StageHost, 'release' | 'capacities' | 'demand' | 'drain' | 'settleDown'> {
  const settled = createReservations()
  const { requests } = news
  const settle = async (needs: Parameters<Coordinator['settleDown']>[0]) => {
    const place = await requests.ask((request) => tell({ type: 'settle', request, needs }))
    queueMicrotask(() => options.onWorkers?.(news.counts))
    return place === undefined ? undefined : places.placeOf(place as PlaceData)
  }
  return {
    release: (name) => tell({ type: 'release', name }),
    capacities: () => news.latest.capacities,
    demand: () => withWaiting(news.latest.demand, stages.values()),
    drain: (pod) => requests.ask((request) => tell({ type: 'drain', request, pod })).then(() => {}),
    settleDown: (needs) => settled.take(needs, () => settle(needs)),
  }
}

/** The coordinator knows what it was handed, the driver how much is to come. */
function withWaiting(demand: Demand, stages: Iterable<RemoteStage>): Demand {
  const byName = Map.groupBy(stages, ({ name }) => name)
  return {
    ...demand,
    stages: demand.stages.map((stage) => {
      const left = byName.get(stage.name)?.shift()?.left()
      return left === undefined ? stage : { ...stage, waiting: Math.max(0, left - stage.running) }
    }),
  }
}

function openStage(parts: Parts, channel: number, spec: StageSpec<unknown>): StageHandle {
  const { options, stages, places, news, code, tell } = parts
  const { link, env } = options
  const send = (message: DriverStageMessage, payload?: Uint8Array) =>
    link.send(channel, encodeMessage(message, payload))
  const begun: RemoteStage = createRemoteStage({
    env,
    spec,
    send,
    threads: () => news.counts.threads,
    tell: (message) => tell({ ...message, stage: channel } as DriverMessage),
    placeOf: places.placeOf,
    tellCancelled(reason) {
      link.drop(channel)
      tell({ type: 'cancel', stage: channel, reason })
    },
    backlog: () => link.backlog(channel),
    onEnded: () => void stages.delete(channel),
  })
  const stage = { ...begun, restart: () => (code.send(spec), begun.restart()) }
  stages.set(channel, stage)
  // As in a coordinator of this process: nothing is asked of the stage before its opener has its handle.
  queueMicrotask(() => {
    if (!stages.has(channel)) return
    code.send(spec)
    stage.begin()
  })
  return { ...stage, wake: stage.pump }
}

/** Sends each piece of code once: on the control channel, so that it is there before the stage that needs it. */
interface CodeSender {
  send(spec: StageSpec<unknown>): void
  forget(): void
}

function createCodeSender(tell: (message: DriverMessage) => void): CodeSender {
  const sent = new Set<string>()
  return {
    send({ code, program }) {
      const missing = code.filter(({ hash }) => !sent.has(hash))
      for (const { hash } of missing) sent.add(hash)
      if (missing.length > 0) tell({ type: 'code', code: missing })
      if (typeof program === 'string' || sent.has(program.hash)) return
      sent.add(program.hash)
      tell({ type: 'program', ...program })
    },
    forget: () => sent.clear(),
  }
}
