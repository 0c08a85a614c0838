/** Sorted runs that are read together, that with the first row of all on top. */
export interface RunHeap<R> {
  /** Undefined when all runs have ended. */
  top(): R | undefined
  /** The run on top has gone on to its next row, or has none any more. */
  moved(hasMore: boolean): void
}

/** `isBefore` compares the rows that two runs are at. */
export function createRunHeap<R>(runs: readonly R[], isBefore: (left: R, right: R) => boolean): RunHeap<R> {
  const heap = [...runs]
  const sift = (from: number) => {
    for (let at = from; ;) {
      let least = at
      const right = 2 * at + 2
      for (let child = right - 1; child <= right; child++) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child
      }
      if (least === at) return
      const lower = heap[at]!
      heap[at] = heap[least]!
      heap[least] = lower
      at = least
    }
  }
  for (let at = heap.length >> 1; at >= 0; at--) sift(at)
  return {
    top: () => heap[0],
    moved(hasMore) {
      if (!hasMore) {
        const last = heap.pop()!
        if (heap.length === 0) return
        heap[0] = last
      }
      sift(0)
    },
  }
}
