import type { Timers } from '../env/clock.ts'
import type { WatchEvent } from './watch-event.ts'

/** Who receives the events of one watch. */
export interface WatchHandler {
  /**
   * Events in order. A promise says that the receiver is busy until it resolves: events wait in a bounded buffer until
   * then, and a watch whose buffer overflows is closed. A handler that throws or rejects ends its watch.
   */
  events(events: readonly WatchEvent[]): void | Promise<void>
  /** The watch has ended other than by its caller: `error` says why, absent where it was too slow or the hub closed. */
  closed(error?: Error): void
}

/** Events that may wait for a busy receiver. They are references to what the history holds anyway. */
export const MAX_BUFFERED_EVENTS = 10_000

/**
 * One watch. States: *waiting* for its start; *catching up* with the past, while live events are buffered; *live*, when
 * events go straight to the handler unless it is busy; *closed*, by the caller or by whatever ended it.
 */
export class Watcher {
  readonly #handler: WatchHandler
  readonly #timers: Pick<Timers, 'soon'>
  readonly #maxBuffered: number
  readonly #release: () => void
  #buffer: (readonly WatchEvent[])[] = []
  #buffered = 0
  #busy = true
  #caughtUp = false
  #closed = false

  /** `release` is called once, when the watcher closes. */
  constructor(handler: WatchHandler, timers: Pick<Timers, 'soon'>, maxBuffered: number, release: () => void) {
    this.#handler = handler
    this.#timers = timers
    this.#maxBuffered = maxBuffered
    this.#release = release
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Whether the past has been sent, so that a bookmark tells the truth. */
  get caughtUp(): boolean {
    return this.#caughtUp
  }

  /** Sends `past`, batch by batch, before anything offered; others get the event loop between its batches. */
  async catchUp(past: Iterable<readonly WatchEvent[]>): Promise<void> {
    await Promise.resolve()
    try {
      let first = true
      for (const batch of past) {
        if (!first) await new Promise<void>((resolve) => this.#timers.soon(resolve))
        if (this.#closed) return
        first = false
        await this.#handler.events(batch)
      }
      if (this.#closed) return
      this.#caughtUp = true
      await this.#drain()
    } catch (error) {
      this.end(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Live events, which follow the past. */
  offer(events: readonly WatchEvent[]): void {
    if (this.#closed) return
    if (this.#busy) return this.#keep(events)
    try {
      const done = this.#handler.events(events)
      // A handler written as one expression may give anything back.
      if (done instanceof Promise) this.#waitFor(done)
    } catch (error) {
      this.end(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Ends the watch and says so. */
  end(error?: Error): void {
    if (this.close()) this.#handler.closed(error)
  }

  /** Ends the watch in silence; returns whether it was open. */
  close(): boolean {
    if (this.#closed) return false
    this.#closed = true
    this.#buffer = []
    this.#release()
    return true
  }

  #keep(events: readonly WatchEvent[]): void {
    this.#buffered += events.length
    if (this.#buffered > this.#maxBuffered) return this.end()
    this.#buffer.push(events)
  }

  #waitFor(done: Promise<void>): void {
    this.#busy = true
    done
      .then(() => this.#drain())
      .catch((error: unknown) => this.end(error instanceof Error ? error : new Error(String(error))))
  }

  async #drain(): Promise<void> {
    while (this.#buffer.length > 0) {
      const batch = this.#buffer.length === 1 ? this.#buffer[0]! : this.#buffer.flat()
      this.#buffer = []
      this.#buffered = 0
      await this.#handler.events(batch)
      if (this.#closed) return
    }
    this.#busy = false
  }
}
