/** Lets so many in at a time. One at a time waits for room: whoever lets others in keeps their order. */
export class Gate {
  readonly #limit: number
  #inside = 0
  #wake: (() => void) | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  get isFull(): boolean {
    return this.#inside >= this.#limit
  }

  enter(): void {
    this.#inside++
  }

  leave(): void {
    this.#inside--
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** Resolves when somebody has left. */
  room(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }
}
