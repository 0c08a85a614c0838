/** Something that is to happen at a virtual time; `order` decides between those of the same time. */
export interface Due {
  readonly dueMs: number
  readonly order: number
  readonly action: () => void
  cancelled: boolean
}

/** A binary heap of what is due, the next first. A cancelled entry stays until its time comes. */
export interface TimerHeap<T extends Due = Due> {
  readonly size: number
  push(due: T): void
  peek(): T | undefined
  pop(): T | undefined
  /** All that is still to happen, in no order. */
  all(): readonly T[]
}

export function createTimerHeap<T extends Due = Due>(): TimerHeap<T> {
  const heap: T[] = []
  const isBefore = (a: T, b: T) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)

  const rise = (start: number) => {
    const due = heap[start]!
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(due, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = due
  }
  const sink = () => {
    const due = heap[0]!
    let index = 0
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, due)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = due
  }
  const remove = () => {
    const first = heap[0]
    const last = heap.pop()
    if (heap.length > 0) {
      heap[0] = last!
      sink()
    }
    return first
  }
  const dropCancelled = () => {
    while (heap[0]?.cancelled === true) remove()
  }

  return {
    get size() {
      return heap.length
    },
    push(due) {
      heap.push(due)
      rise(heap.length - 1)
    },
    peek() {
      dropCancelled()
      return heap[0]
    },
    pop() {
      dropCancelled()
      return remove()
    },
    all: () => heap.filter((due) => !due.cancelled),
  }
}
