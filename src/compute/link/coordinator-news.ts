import type { AskingPlace, CoordinatorOptions, WorkerCounts } from '../coordinator/options.ts'
import type { KnownPlaces } from './known-places.ts'
import type { CoordinatorNews, DriverMessage } from './message.ts'
import type { RemoteStage } from './remote-stage.ts'
import { createRequests } from './requests.ts'
import type { Requests } from './requests.ts'

/** What a coordinator elsewhere tells of itself and its workers, at the driver. */
export interface NewsOfCoordinator {
  take(news: CoordinatorNews): void
  readonly counts: WorkerCounts
  /** What stages wait for. */
  readonly reasons: readonly string[]
  readonly latest: Pick<News<'demand'>, 'demand' | 'capacities'>
  readonly requests: Requests
}

/** Whoever at the driver hears of what. */
export type CoordinatorListeners = Pick<
  CoordinatorOptions,
  'onWorkers' | 'onLoss' | 'onRetry' | 'onSilent' | 'onLeaving' | 'onTask' | 'onLog' | 'onAsk' | 'investigate'
>

type News<T extends CoordinatorNews['type']> = CoordinatorNews & { readonly type: T }

export interface NewsContext {
  readonly stages: ReadonlyMap<number, RemoteStage>
  readonly places: KnownPlaces
  tell(message: DriverMessage): void
}

export function createCoordinatorNews(
  listeners: CoordinatorListeners,
  { stages, places, tell }: NewsContext,
): NewsOfCoordinator {
  let counts: WorkerCounts = { workers: 0, threads: 0 }
  let reasons: readonly string[] = []
  let latest: NewsOfCoordinator['latest'] = { demand: { stages: [], workers: [] }, capacities: [] }
  const requests = createRequests()
  const workers = (news: News<'workers'>) => {
    counts = news
    listeners.onWorkers?.(counts)
    for (const stage of stages.values()) stage.pump()
  }
  const investigate = async ({ request, record }: News<'investigate'>) => {
    const known = await listeners.investigate?.(record).catch(() => record)
    tell({ type: 'investigated', request, record: known ?? record })
  }
  const asking = ({ place, sent }: News<'ask'>): AskingPlace =>
    places.asking(
      place,
      sent.map(({ id, stage, work, name }) => ({
        id,
        work: stages.get(stage)?.workOf(work),
        stage: { spec: { name } },
      })),
    )
  return {
    take(news) {
      if (news.type === 'workers') workers(news)
      else if (news.type === 'loss') listeners.onLoss?.(news.record)
      else if (news.type === 'retry') listeners.onRetry?.()
      else if (news.type === 'silent') listeners.onSilent?.(news.pod)
      else if (news.type === 'why') reasons = news.reasons
      else if (news.type === 'investigate') void investigate(news)
      else if (news.type === 'log') listeners.onLog?.(news.log)
      else if (news.type === 'tasks') for (const record of news.records) listeners.onTask?.(record)
      else if (news.type === 'leaving') listeners.onLeaving?.(news.pod)
      else if (news.type === 'demand') latest = news
      else if (news.type === 'drained') requests.answer(news.request, undefined)
      else if (news.type === 'settled') requests.answer(news.request, news.place)
      else if (news.type === 'ask') listeners.onAsk?.(asking(news), news.body)
    },
    get counts() {
      return counts
    },
    get reasons() {
      return reasons
    },
    get latest() {
      return latest
    },
    requests,
  }
}
