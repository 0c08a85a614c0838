import { keyOf } from '../../api/object.ts'
import type { Timer } from '../../env/clock.ts'
import type { PodWork } from '../pod-work.ts'
import type { Freshness } from './freshness.ts'
import type { VolumeContext } from './projected.ts'

/** How long after a failure volumes are looked at again, in milliseconds. */
const RETRY_MS = 10_000

/** Keeps the pod's volumes up to date until stopped; `contextOf` gives what they are made with. */
export function keepFresh(work: PodWork, contextOf: (work: PodWork) => VolumeContext): Freshness {
  const { context } = work
  const { env, sources } = context
  let timer: Timer | undefined
  let refreshing: Promise<void> | undefined
  let again = false
  let stopped = false
  let fields = fieldsOf(work)

  const refresh = async () => {
    do {
      again = false
      const changed = await context.files.refresh(contextOf(work), work.volumes)
      if (changed.size > 0) work.volumes = new Map([...work.volumes, ...changed])
    } while (again && !stopped)
  }
  const look = () => {
    again = true
    if (stopped) return
    refreshing ??= refresh()
      .then(
        () => schedule(untilTokensAge(work)),
        (error: unknown) => {
          env.log.warn('volumes could not be brought up to date', { pod: keyOf(work.pod), error })
          schedule(RETRY_MS)
        },
      )
      .finally(() => (refreshing = undefined))
  }
  const schedule = (delayMs: number | undefined) => {
    timer?.cancel()
    if (!stopped && delayMs !== undefined) timer = env.timers.after(delayMs, look, { background: true })
  }

  const unfollow = sources.follow(work.pod, look)
  schedule(untilTokensAge(work))
  return {
    podChanged() {
      const now = fieldsOf(work)
      if (now === fields) return
      fields = now
      look()
    },
    stop() {
      stopped = true
      timer?.cancel()
      unfollow()
    },
  }
}

function untilTokensAge({ tokens, context }: PodWork): number | undefined {
  const { refreshAtMs } = tokens
  // At the earliest in a second: a server that hands out tokens of no life is not asked in a circle.
  return refreshAtMs === undefined ? undefined : Math.max(1_000, refreshAtMs - context.env.clock.now())
}

/** What the downward API may show and may change; empty where no volume shows it. */
function fieldsOf({ pod }: PodWork): string {
  const shows = pod.spec?.volumes?.some(
    ({ downwardAPI, projected }) =>
      downwardAPI !== undefined || projected?.sources?.some((source) => source.downwardAPI !== undefined),
  )
  return shows === true ? JSON.stringify([pod.metadata.labels, pod.metadata.annotations]) : ''
}
