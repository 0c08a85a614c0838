import type { Environment } from '../../env/environment.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import type { StageHost } from '../coordination.ts'
import type { AskingPlace, CoordinatorOptions, WorkerCounts } from '../coordinator/options.ts'
import type { StageSpec } from '../coordinator/stage.ts'
import { createKnownPlaces } from './known-places.ts'
import { decodeMessage, encodeMessage } from './message.ts'
import type { CoordinatorNews, CoordinatorStageMessage, DriverMessage, DriverStageMessage } from './message.ts'
import type { PlaceData } from './message.ts'
import { CONTROL_CHANNEL } from './outbox.ts'
import { createRequests, createReservations } from './requests.ts'
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

export interface RemoteCoordinatorOptions extends Pick<
  CoordinatorOptions,
  'onWorkers' | 'onLoss' | 'onRetry' | 'onSilent' | 'onLog' | 'onAsk' | 'investigate'
> {
  readonly env: Environment
  readonly link: Pick<ResumableLink, 'send' | 'consumed' | 'backlog' | 'drop' | 'release'>
  /** Why nothing can be heard of the coordinator, where nothing can. */
  readonly whyCut: () => string | undefined
}

export function createRemoteCoordinator(options: RemoteCoordinatorOptions): RemoteCoordinator {
  const { env, link } = options
  const stages = new Map<number, RemoteStage>()
  const sentCode = new Set<string>()
  let lastStage = CONTROL_CHANNEL
  let counts: WorkerCounts = { workers: 0, threads: 0 }
  let reasons: readonly string[] = []
  let closed: { readonly reason: unknown } | undefined
  let latest: Pick<CoordinatorNews & { type: 'demand' }, 'demand' | 'capacities'> = {
    demand: { stages: [], workers: [] },
    capacities: [],
  }
  const requests = createRequests()
  const settled = createReservations()
  const places = createKnownPlaces((place, kind, body) => tell({ type: 'to-place', place, kind, body }))
  const tell = (message: DriverMessage) => link.send(CONTROL_CHANNEL, encodeMessage(message))
  /** On the control channel, so that it is there before the stage that needs it. */
  const sendCode = ({ code, program }: StageSpec<unknown>) => {
    const missing = code.filter(({ hash }) => !sentCode.has(hash))
    for (const { hash } of missing) sentCode.add(hash)
    if (missing.length > 0) tell({ type: 'code', code: missing })
    if (typeof program === 'string' || sentCode.has(program.hash)) return
    sentCode.add(program.hash)
    tell({ type: 'program', ...program })
  }
  const news = (message: CoordinatorNews) => {
    if (message.type === 'workers') {
      counts = message
      options.onWorkers?.(counts)
      for (const stage of stages.values()) stage.pump()
    } else if (message.type === 'loss') options.onLoss?.(message.record)
    else if (message.type === 'retry') options.onRetry?.()
    else if (message.type === 'silent') options.onSilent?.(message.pod)
    else if (message.type === 'why') reasons = message.reasons
    else if (message.type === 'investigate') void investigate(message)
    else if (message.type === 'log') options.onLog?.(message.log)
    else if (message.type === 'demand') latest = message
    else if (message.type === 'drained') requests.answer(message.request, undefined)
    else if (message.type === 'settled') requests.answer(message.request, message.place)
    else if (message.type === 'ask') options.onAsk?.(asking(message), message.body)
  }
  const investigate = async ({ request, record }: CoordinatorNews & { type: 'investigate' }) => {
    const known = await options.investigate?.(record).catch(() => record)
    tell({ type: 'investigated', request, record: known ?? record })
  }
  const asking = ({ place, sent }: CoordinatorNews & { type: 'ask' }): AskingPlace =>
    places.asking(
      place,
      sent.map(({ id, stage, work, name }) => ({
        id,
        work: stages.get(stage)?.workOf(work),
        stage: { spec: { name } },
      })),
    )
  const failAll = (reason: unknown) => [...stages.values()].forEach((stage) => stage.cancel(reason))
  const open = (spec: StageSpec<unknown>) => {
    const channel = ++lastStage
    const send = (message: DriverStageMessage, payload?: Uint8Array) =>
      link.send(channel, encodeMessage(message, payload))
    const begun: RemoteStage = createRemoteStage({
      env,
      spec,
      send,
      threads: () => counts.threads,
      tell: (message) => tell({ ...message, stage: channel } as DriverMessage),
      placeOf: places.placeOf,
      tellCancelled(reason) {
        link.drop(channel)
        tell({ type: 'cancel', stage: channel, reason })
      },
      backlog: () => link.backlog(channel),
      onEnded: () => void stages.delete(channel),
    })
    const stage = { ...begun, restart: () => (sendCode(spec), begun.restart()) }
    stages.set(channel, stage)
    // As in a coordinator of this process: nothing is asked of the stage before its opener has its handle.
    queueMicrotask(() => {
      if (!stages.has(channel)) return
      sendCode(spec)
      stage.begin()
    })
    if (closed !== undefined) stage.cancel(closed.reason)
    return {
      finished: stage.finished,
      wake: () => stage.pump(),
      cancel: (reason: unknown) => stage.cancel(reason),
      revoke: (work: unknown, piece?: number) => stage.revoke(work, piece),
    }
  }
  return {
    open: (spec) => open(spec as StageSpec<unknown>) as ReturnType<Coordinator['open']>,
    counts: () => counts,
    release: (name) => tell({ type: 'release', name }),
    capacities: () => latest.capacities,
    demand: () => latest.demand,
    drain: (pod) => requests.ask((request) => tell({ type: 'drain', request, pod })).then(() => {}),
    settleDown: (needs) =>
      settled.take(needs, () =>
        requests
          .ask((request) => tell({ type: 'settle', request, needs }))
          .then((place) => {
            queueMicrotask(() => options.onWorkers?.(counts))
            return place === undefined ? undefined : places.placeOf(place as PlaceData)
          }),
      ),
    why() {
      const cut = options.whyCut()
      return [...(cut === undefined ? [] : [cut]), ...(stages.size === 0 ? [] : reasons)]
    },
    failAll,
    close(reason) {
      closed ??= { reason }
      failAll(reason)
      tell({ type: 'close' })
    },
    message(channel, body) {
      if (channel === CONTROL_CHANNEL) return news(decodeMessage<CoordinatorNews>(body).message)
      const { message, payload } = decodeMessage<CoordinatorStageMessage>(body)
      stages.get(channel)?.message(message, payload)
      link.consumed(channel, body.byteLength)
      if (message.type === 'ended') link.release(channel)
    },
    room() {
      for (const stage of stages.values()) stage.pump()
    },
    restart() {
      sentCode.clear()
      places.clear()
      for (const stage of stages.values()) stage.restart()
    },
  }
}
