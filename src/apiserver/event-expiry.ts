import type { KubeObject } from '../api/object.ts'
import type { Timer } from '../env/clock.ts'
import { formatTime } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import type { Entry, Mutation, Store } from '../store/store.ts'

/** Events are kept for so long after they were written last, as a Kubernetes API server keeps them by default. */
export const EVENT_TTL_MS = 3_600_000
/** They go together with those that are due soon: each look takes all events. */
const BETWEEN_LOOKS_MS = 300_000
/** Looked at in one turn of the event loop, and deleted in one commit. */
const EVENTS_A_TURN = 500

const EVENTS = 'events'

/** Deletes events that nobody has written to for an hour, until it is disposed of. Watchers are told as of any deletion. */
export function expireEvents(store: Store, env: Pick<Environment, 'clock' | 'timers' | 'log'>): Disposable {
  let timer: Timer | undefined
  let isOver = false
  const lookAt = (dueMs: number) => {
    const now = env.clock.now()
    timer = env.timers.after(Math.max(BETWEEN_LOOKS_MS, dueMs - now), () => void look(), { background: true })
  }
  const look = async () => {
    try {
      const oldest = await deleteBefore(store, env, formatTime(env.clock.now() - EVENT_TTL_MS), () => isOver)
      timer = undefined
      // One that came meanwhile may stand where had been looked already.
      const isEmpty = store.durable().count(EVENTS) === 0
      if (!isOver && !isEmpty) lookAt((oldest === undefined ? env.clock.now() : Date.parse(oldest)) + EVENT_TTL_MS)
    } catch (error) {
      env.log.debug('Events that are over could not be deleted', { error })
      if (!isOver) lookAt(0)
    }
  }
  const unsubscribe = store.onDurable((commits) => {
    if (timer !== undefined || !commits.some(({ changes }) => changes[0]?.entry.resource === EVENTS)) return
    lookAt(env.clock.now() + EVENT_TTL_MS)
  })
  if (store.durable().count(EVENTS) > 0) lookAt(0)
  return {
    [Symbol.dispose]() {
      isOver = true
      unsubscribe()
      timer?.cancel()
    },
  }
}

/** Resolves to when the oldest of those that stay was written; undefined where none stays. */
async function deleteBefore(
  store: Store,
  { timers }: Pick<Environment, 'timers'>,
  horizon: string,
  isOver: () => boolean,
): Promise<string | undefined> {
  let oldest: string | undefined
  for (let turn = take(store, undefined); turn.length > 0 && !isOver(); turn = take(store, turn.at(-1)?.key)) {
    const due: Mutation[] = []
    for (const entry of turn) {
      const written = lastWritten(entry.object)
      if (written > horizon) oldest = oldest === undefined || written < oldest ? written : oldest
      // Written to again, or gone already: checked and deleted in one turn.
      else if (store.head().get(EVENTS, entry.key) === entry)
        due.push({ type: 'delete', resource: EVENTS, key: entry.key })
    }
    if (due.length > 0) await store.commit(due)
    await new Promise<void>((resolve) => timers.soon(resolve))
  }
  return oldest
}

function take(store: Store, after: string | undefined): readonly Entry[] {
  const taken: Entry[] = []
  for (const entry of store.durable().list(EVENTS, after === undefined ? {} : { after })) {
    if (taken.push(entry) >= EVENTS_A_TURN) break
  }
  return taken
}

/** RFC 3339 in UTC and whole seconds, so that texts compare as times do. */
function lastWritten({ metadata: { creationTimestamp = '', managedFields = [] } }: KubeObject): string {
  let last = creationTimestamp
  for (const { time = '' } of managedFields) if (time > last) last = time
  return last
}
