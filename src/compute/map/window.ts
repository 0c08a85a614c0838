import type { ChunkSize } from './chunk-size.ts'
import type { OnProgress } from './map.ts'
import type { Chunk, ChunkFlow } from './map-stage.ts'

export interface WindowOptions {
  /** Results in the order of their items (default), or as they are completed. */
  readonly ordered?: boolean
  /**
   * How many items may be anywhere between the source and whoever takes the results. Where absent it follows their size:
   * some 32 MiB of results, at least four for each thread, at most 16,384.
   */
  readonly maxInFlight?: number
}

const WINDOW_BYTES = 32 * 1024 * 1024
const MAX_WINDOW = 16_384
const FIRST_WINDOW = 16

/**
 * The items between a source and whoever takes the results, no more at a time than there is room for. One of them waits,
 * is taken by a chunk, and is in flight until its result is consumed. The end, for whatever reason, makes room for all.
 */
export class Window implements ChunkFlow {
  readonly #size: ChunkSize
  readonly #ordered: boolean
  readonly #options: WindowOptions
  readonly #onProgress: OnProgress
  readonly #waiting: unknown[] = []
  /** Done out of order, by the index of the first item. */
  readonly #finished = new Map<number, unknown[]>()
  #ready: unknown[] = []
  #taken = 0
  #nextIndex = 0
  #inFlight = 0
  #done = 0
  #threads = 1
  #bytesPerItem = 0
  #exhausted = false
  #ending: { readonly failure: { readonly error: unknown } | undefined } | undefined
  #onRoom: (() => void) | undefined
  #onResult: (() => void) | undefined

  constructor(size: ChunkSize, options: WindowOptions, onProgress: OnProgress) {
    this.#size = size
    this.#ordered = options.ordered ?? true
    this.#options = options
    this.#onProgress = onProgress
  }

  /** Takes the item in; waits where that was the last one that there is room for. */
  add(item: unknown): Promise<void> | undefined {
    this.#waiting.push(item)
    this.#inFlight++
    if (this.#inFlight < this.#limit()) return undefined
    return new Promise((resolve) => (this.#onRoom = resolve))
  }

  sourceEnded(): void {
    this.#exhausted = true
  }

  take(threads: number): Chunk | undefined {
    this.#threads = threads
    if (this.#waiting.length === 0) return undefined
    const share = Math.ceil(this.#limit() / Math.max(1, threads * 3))
    const wanted = this.#size.next(this.#waiting.length, this.#exhausted ? threads : 0.5)
    const items = this.#waiting.splice(0, Math.min(wanted, share))
    const first = this.#taken
    this.#taken += items.length
    return { first, items }
  }

  /** Known once the source has ended. */
  waiting(): number | undefined {
    return this.#exhausted ? this.#size.chunksOf(this.#waiting.length) : undefined
  }

  isExhausted(): boolean {
    return this.#exhausted && this.#waiting.length === 0
  }

  put(chunk: Chunk, made: unknown[], bytes: number): void {
    this.#done += made.length
    if (made.length > 0) this.#bytesPerItem = Math.max(bytes / made.length, this.#bytesPerItem * 0.9)
    if (this.#ordered) {
      this.#finished.set(chunk.first, made)
      this.#release()
    } else for (const result of made) this.#ready.push(result)
    this.#onProgress(this.#done, this.#exhausted ? this.#taken + this.#waiting.length : undefined)
    this.#onResult?.()
    this.#admit()
  }

  putBeforeFailure(chunk: Chunk, made: unknown[]): void {
    if (made.length > 0) this.put({ first: chunk.first, items: chunk.items.slice(0, made.length) }, made, 0)
  }

  /** Results that may be yielded now; undefined at the end. Rejects with what the stage failed with. */
  async results(): Promise<readonly unknown[] | undefined> {
    while (this.#ready.length === 0 && this.#ending === undefined) {
      await new Promise<void>((resolve) => (this.#onResult = resolve))
    }
    const batch = this.#ready
    this.#ready = []
    if (batch.length > 0) return batch
    if (this.#ending?.failure !== undefined) throw this.#ending.failure.error
    return undefined
  }

  /** One result is out of the window. */
  consumed(): void {
    this.#inFlight--
    this.#admit()
  }

  end(failure: { readonly error: unknown } | undefined): void {
    this.#ending ??= { failure }
    this.#onResult?.()
    this.#admit()
  }

  #limit(): number {
    if (this.#options.maxInFlight !== undefined) return this.#options.maxInFlight
    const bySize = this.#done === 0 ? FIRST_WINDOW : windowOf(this.#bytesPerItem)
    return Math.max(bySize, this.#threads * 4)
  }

  /** Lets the source go on where there is room. */
  #admit(): void {
    if (this.#inFlight >= this.#limit() && this.#ending === undefined) return
    this.#onRoom?.()
    this.#onRoom = undefined
  }

  /** Makes ready what is next in order. */
  #release(): void {
    for (let made = this.#next(); made !== undefined; made = this.#next()) {
      this.#finished.delete(this.#nextIndex)
      this.#nextIndex += made.length
      for (const result of made) this.#ready.push(result)
    }
  }

  #next(): unknown[] | undefined {
    return this.#finished.get(this.#nextIndex)
  }
}

function windowOf(bytesPerItem: number): number {
  return Math.min(MAX_WINDOW, Math.floor(WINDOW_BYTES / Math.max(1, bytesPerItem)))
}
