import { FIRST_CREDIT } from '../wire/calls.ts'

/** The values that a generator on a worker yields, as they come. Its source is asked for more as they are taken. */
export class ItemStream<T> implements AsyncIterableIterator<T, undefined> {
  readonly #source: ItemSource
  #ready: T[] = []
  #taken = 0
  #wake: (() => void) | undefined
  #end: { readonly error?: unknown } | undefined

  constructor(source: ItemSource) {
    this.#source = source
  }

  push(value: T): void {
    this.#ready.push(value)
    this.#awake()
  }

  /** There are no more, for that reason where it is one. */
  end(how: { readonly error?: unknown }): void {
    this.#end ??= how
    this.#awake()
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    while (this.#ready.length === 0) {
      if (this.#end !== undefined) {
        const { error } = this.#end
        // Whoever asks again is told that it is over.
        this.#end = {}
        if (error !== undefined) throw error
        return { done: true, value: undefined }
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    const value = this.#ready.shift() as T
    if (++this.#taken === FIRST_CREDIT / 2) {
      this.#source.more(this.#taken)
      this.#taken = 0
    }
    return { done: false, value }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#ready = []
    this.#end = {}
    this.#source.stop()
    this.#awake()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #awake(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

/** Where the values come from. */
export interface ItemSource {
  /** So many have been taken. */
  more(count: number): void
  /** No more are wanted. */
  stop(): void
}
