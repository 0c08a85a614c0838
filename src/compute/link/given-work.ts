/** A piece of a stage's work that was handed to a coordinator elsewhere and has no result that counts. */
export interface Given {
  readonly work: unknown
  readonly isStarted: boolean
  /** Its result counts once the thread that holds it was collected: until then it may have to run again. */
  readonly isHeld: boolean
}

/** The work of one stage that is with the coordinator, by the number that it was given. */
export interface GivenWork {
  add(work: unknown): number
  get(id: number): Given | undefined
  /** Changes what is known of a piece that is there. */
  change(id: number, change: Partial<Given>): void
  /** Takes a piece out; answers its work. */
  remove(id: number): unknown
  /** The number of a piece of work. */
  find(work: unknown): number | undefined
  /** All of it is to run again, in the old order. */
  again(): readonly (readonly [id: number, work: unknown])[]
  clear(): void
  /** How many pieces are not done. */
  readonly running: number
}

export function createGivenWork(): GivenWork {
  const pieces = new Map<number, Given>()
  let last = 0
  let running = 0
  return {
    add(work) {
      pieces.set(++last, { work, isStarted: false, isHeld: false })
      running++
      return last
    },
    get: (id) => pieces.get(id),
    change(id, change) {
      const known = pieces.get(id)
      if (known === undefined) return
      pieces.set(id, { ...known, ...change })
      if (change.isHeld === true && !known.isHeld) running--
    },
    remove(id) {
      const known = pieces.get(id)
      if (known !== undefined && pieces.delete(id) && !known.isHeld) running--
      return known?.work
    },
    find(work) {
      for (const [id, known] of pieces) if (known.work === work) return id
      return undefined
    },
    again() {
      running = pieces.size
      for (const [id, { work }] of pieces) pieces.set(id, { work, isStarted: false, isHeld: false })
      return [...pieces].map(([id, { work }]) => [id, work])
    },
    clear() {
      pieces.clear()
      running = 0
    },
    get running() {
      return running
    },
  }
}
