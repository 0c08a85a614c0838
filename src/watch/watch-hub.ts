import { apiError } from '../api/meta/status.ts'
import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import type { Change, Commit, Entry, Snapshot, Store } from '../store/store.ts'
import { waitForRevision } from './freshness.ts'
import { plainEvent, selectedEvent } from './watch-event.ts'
import type { Matches, WatchEvent } from './watch-event.ts'
import { WatchIndex } from './watch-index.ts'
import type { Scope } from './watch-index.ts'
import { MAX_BUFFERED_EVENTS, Watcher } from './watcher.ts'
import type { WatchHandler } from './watcher.ts'

/** Tells watchers of a store's durable changes, by Kubernetes' rules. */
export interface WatchHub {
  /**
   * Begins to watch. The handler is called in later turns only. A start that is compacted ends the watch with Expired
   * (410), one that is still to come with Timeout after a few seconds.
   */
  watch(request: WatchRequest, handler: WatchHandler): Watch
  /** How many watches are open. */
  count(): number
  /** Ends all watches. */
  close(): void
}

export interface Watch {
  /** Ends the watch; the handler is not called again. */
  close(): void
}

export interface WatchRequest extends Scope {
  /** Label and field selectors; all objects where absent. */
  readonly matches?: Matches
  readonly start: WatchStart
  /** Whether to send a bookmark about every minute. Default false. */
  readonly bookmarks?: boolean
}

export type WatchStart =
  /** Changes after a revision, those of the past first. */
  | { readonly type: 'after'; readonly revision: number }
  /** Changes from now on. */
  | { readonly type: 'now' }
  /**
   * The objects that exist, at `notOlderThan` or later, as ADDED; then, where `endBookmark` is true (`sendInitialEvents`),
   * a bookmark that says so; then changes.
   */
  | { readonly type: 'initial'; readonly notOlderThan?: number; readonly endBookmark?: boolean }

export interface WatchHubOptions {
  /** Events that may wait for one busy receiver before it is dropped. Default 10,000. */
  readonly maxBufferedEvents?: number
  /** Between periodic bookmarks, in milliseconds. Default one minute. */
  readonly bookmarkEveryMs?: number
}

/** Events that are handed over in one turn while a watcher catches up with the past. */
const CATCH_UP_BATCH = 500

export function createWatchHub(
  store: Store,
  environment: Pick<Environment, 'timers' | 'log'>,
  options: WatchHubOptions = {},
): WatchHub {
  return new Hub(store, environment, options)
}

interface Receiver {
  readonly watcher: Watcher
  readonly matches: Matches | undefined
  /** Revision of the state it started from: changes up to there are not live ones. */
  since: number
}

class Hub implements WatchHub {
  readonly #store: Store
  readonly #environment: Pick<Environment, 'timers' | 'log'>
  readonly #options: Required<WatchHubOptions>
  readonly #index = new WatchIndex<Receiver>()
  readonly #open = new Set<Watcher>()
  readonly #bookmarked = new Set<Watcher>()
  readonly #stop: () => void
  #bookmarkTimer: Timer | undefined
  /** The last revision that was dispatched to watchers. */
  #seen: number

  constructor(store: Store, environment: Pick<Environment, 'timers' | 'log'>, options: WatchHubOptions) {
    this.#store = store
    this.#environment = environment
    this.#options = { maxBufferedEvents: MAX_BUFFERED_EVENTS, bookmarkEveryMs: 60_000, ...options }
    this.#seen = store.durable().revision
    this.#stop = store.onDurable((commits) => this.#dispatch(commits))
  }

  watch(request: WatchRequest, handler: WatchHandler): Watch {
    let waiting: AbortController | undefined
    const watcher = new Watcher(handler, this.#environment.timers, this.#options.maxBufferedEvents, () => {
      this.#open.delete(watcher)
      this.#bookmarked.delete(watcher)
      this.#index.remove(request, receiver)
      waiting?.abort()
    })
    const receiver: Receiver = { watcher, matches: request.matches, since: 0 }
    this.#open.add(watcher)
    const wanted = wantedRevision(request.start)
    if (wanted <= this.#store.durable().revision) this.#begin(request, receiver)
    else {
      waiting = new AbortController()
      waitForRevision(this.#store, this.#environment.timers, wanted, waiting.signal).then(
        () => this.#begin(request, receiver),
        (error: Error) => watcher.end(error),
      )
    }
    return { close: () => void watcher.close() }
  }

  count(): number {
    return this.#open.size
  }

  close(): void {
    this.#stop()
    this.#bookmarkTimer?.cancel()
    for (const watcher of this.#open) watcher.end()
  }

  /** The past is taken and the receiver put into the index in one turn, so nothing falls between the two. */
  #begin(request: WatchRequest, receiver: Receiver): void {
    const { watcher } = receiver
    if (watcher.closed) return
    const durable = this.#store.durable()
    const past = pastOf(this.#store, durable, request)
    if (past === undefined) {
      const error = expired(wantedRevision(request.start), this.#store.oldest())
      queueMicrotask(() => watcher.end(error))
      return
    }
    receiver.since = durable.revision
    this.#index.add(request, receiver)
    if (request.bookmarks) this.#addBookmarks(watcher)
    void watcher.catchUp(past)
  }

  #dispatch(commits: readonly Commit[]): void {
    this.#seen = commits.at(-1)!.revision
    for (const [resource, changes] of this.#watchedChanges(commits)) {
      this.#index.route(resource, changes, (receivers, heard) => this.#deliver(receivers, heard))
    }
  }

  #watchedChanges(commits: readonly Commit[]): Map<string, Change[]> {
    const byResource = new Map<string, Change[]>()
    for (const { changes } of commits) {
      for (const change of changes) {
        const { resource } = change.entry
        const changed = byResource.get(resource)
        if (changed !== undefined) changed.push(change)
        else if (this.#index.watches(resource)) byResource.set(resource, [change])
      }
    }
    return byResource
  }

  /** Those without selectors all get the same array; each of the others gets what its selectors let through. */
  #deliver(receivers: ReadonlySet<Receiver>, changes: readonly Change[]): void {
    const plain = changes.map(plainEvent)
    const first = changes[0]!.entry.modified
    for (const { watcher, matches, since } of receivers) {
      // One that began while other listeners heard of these commits has them in its past already.
      const late = since < first ? changes : changes.filter((change) => change.entry.modified > since)
      if (late.length === 0) continue
      const events = late === changes ? plain : late.map(plainEvent)
      if (matches === undefined) watcher.offer(events)
      else offerSelected(watcher, late, events, matches)
    }
  }

  #addBookmarks(watcher: Watcher): void {
    this.#bookmarked.add(watcher)
    this.#bookmarkTimer ??= this.#scheduleBookmarks()
  }

  #scheduleBookmarks(): Timer {
    const send = () => {
      this.#bookmarkTimer = undefined
      const events: readonly WatchEvent[] = [{ type: 'BOOKMARK', revision: this.#seen }]
      for (const watcher of this.#bookmarked) if (watcher.caughtUp) watcher.offer(events)
      if (this.#bookmarked.size > 0) this.#bookmarkTimer = this.#scheduleBookmarks()
    }
    return this.#environment.timers.after(this.#options.bookmarkEveryMs, send, { background: true })
  }
}

function offerSelected(
  watcher: Watcher,
  changes: readonly Change[],
  plain: readonly WatchEvent[],
  matches: Matches,
): void {
  const events: WatchEvent[] = []
  for (let i = 0; i < changes.length; i++) {
    const event = selectedEvent(changes[i]!, plain[i]!, matches)
    if (event !== undefined) events.push(event)
  }
  if (events.length > 0) watcher.offer(events)
}

function wantedRevision(start: WatchStart): number {
  return start.type === 'after' ? start.revision : start.type === 'initial' ? (start.notOlderThan ?? 0) : 0
}

/** What happened up to `durable`, in batches; undefined where it is compacted away. */
function pastOf(store: Store, durable: Snapshot, request: WatchRequest): Iterable<readonly WatchEvent[]> | undefined {
  const { start } = request
  if (start.type === 'now') return []
  if (start.type === 'initial') return initialEvents(durable, request, start.endBookmark === true)
  const commits = store.history(start.revision)
  return commits === undefined ? undefined : batched(replayedEvents(commits, request))
}

function* initialEvents(durable: Snapshot, request: WatchRequest, endBookmark: boolean) {
  yield* batched(addedEvents(durable, request))
  const end: WatchEvent = { type: 'BOOKMARK', revision: durable.revision, initialEventsEnd: true }
  if (endBookmark) yield [end]
}

function* addedEvents(durable: Snapshot, request: WatchRequest): Iterable<WatchEvent> {
  for (const entry of entriesOf(durable, request)) {
    if (request.matches === undefined || request.matches(entry.object)) yield { type: 'ADDED', entry }
  }
}

function entriesOf(durable: Snapshot, { resource, key, prefix }: Scope): Iterable<Entry> {
  if (key === undefined) return durable.list(resource, prefix === undefined ? {} : { prefix })
  const entry = durable.get(resource, key)
  return entry === undefined ? [] : [entry]
}

function* replayedEvents(commits: readonly Commit[], { resource, key, prefix = '', matches }: WatchRequest) {
  for (const { changes } of commits) {
    for (const change of changes) {
      const { entry } = change
      if (entry.resource !== resource) continue
      if (key === undefined ? !entry.key.startsWith(prefix) : entry.key !== key) continue
      const plain = plainEvent(change)
      const event = matches === undefined ? plain : selectedEvent(change, plain, matches)
      if (event !== undefined) yield event
    }
  }
}

function* batched(events: Iterable<WatchEvent>): Iterable<readonly WatchEvent[]> {
  let batch: WatchEvent[] = []
  for (const event of events) {
    if (batch.push(event) < CATCH_UP_BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function expired(revision: number, oldest: number): Error {
  return apiError('Expired', `too old resource version: ${revision} (${oldest})`)
}
