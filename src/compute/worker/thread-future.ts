import type { Sent } from './asks.ts'

/** A future on a worker's thread: what comes of something that was asked of the session. */
export class ThreadFuture implements PromiseLike<unknown> {
  readonly #sent: Promise<Sent>
  readonly #answer: Promise<unknown>
  readonly #cancel: (number: number) => void

  constructor(sent: Sent | Promise<Sent>, cancel: (number: number) => void) {
    this.#sent = Promise.resolve(sent)
    this.#answer = this.#sent.then(({ answer }) => answer)
    this.#answer.catch(() => {})
    this.#cancel = cancel
  }

  // It is awaited as the futures of the driver are.
  // oxlint-disable-next-line unicorn/no-thenable
  then<R = unknown, E = never>(
    onDone?: ((value: unknown) => R | PromiseLike<R>) | null,
    onFailed?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return this.#answer.then(onDone, onFailed)
  }

  catch<R>(onFailed: (error: unknown) => R | PromiseLike<R>): Promise<unknown> {
    return this.#answer.catch(onFailed)
  }

  finally(onSettled: () => void): Promise<unknown> {
    return this.#answer.finally(onSettled)
  }

  cancel(): void {
    void this.#sent.then(({ number }) => this.#cancel(number))
  }
}

export const isFuture = (value: unknown): boolean => value instanceof ThreadFuture
