/** A chunk is worth about this much of a thread's time: long against the way there and back, short against a wait. */
const TARGET_MICROS = 5000
const MAX_ITEMS = 8192
/** How fast chunks may grow: what the first items cost says little about the next. */
const GROWTH = 8

export interface ChunkSize {
  /** How many items the next chunk should have, with `remaining` left (Infinity where unknown) for `threads` threads. */
  next(remaining: number, threads: number): number
  /** Into how many chunks so many items would be cut as things stand. */
  chunksOf(items: number): number
  /** A chunk of `items` kept a thread busy for `micros`. */
  observe(items: number, micros: number): void
}

/** Finds how many items to send at once from what they turn out to cost, beginning with one. */
export function createChunkSize(fixed?: number): ChunkSize {
  let size = 1
  let microsPerItem = 0
  return {
    next(remaining, threads) {
      const share = Math.ceil(remaining / Math.max(1, threads * 2))
      return Math.max(1, Math.min(fixed ?? size, remaining, fixed ?? share))
    },
    chunksOf: (items) => Math.ceil(items / (fixed ?? size)),
    observe(items, micros) {
      const observed = micros / items
      microsPerItem = microsPerItem === 0 ? observed : (microsPerItem + observed) / 2
      const wanted = Math.floor(TARGET_MICROS / Math.max(microsPerItem, 0.01))
      // Chunks of the old size still come back after it has grown: only those of the present one speak for it.
      if (items >= size || wanted < size) size = Math.max(1, Math.min(wanted, size * GROWTH, MAX_ITEMS))
    },
  }
}
