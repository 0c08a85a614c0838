/** The next first, by `isBefore`; what was removed meanwhile is the caller's to skip. A binary heap. */
export class ActiveHeap<T> {
  readonly #items: T[] = []
  readonly #isBefore: (a: T, b: T) => boolean

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get size() {
    return this.#items.length
  }

  push(item: T) {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = items[above]
      if (parent === undefined || !this.#isBefore(item, parent)) break
      items[at] = parent
      at = above
    }
    items[at] = item
  }

  /** The next, which stays. */
  peek(): T | undefined {
    return this.#items[0]
  }

  pop(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const [left, right] = [items[below], items[below + 1]]
      if (left === undefined) break
      let child = left
      if (right !== undefined && this.#isBefore(right, left)) {
        child = right
        below += 1
      }
      if (!this.#isBefore(child, last)) break
      items[at] = child
      at = below
    }
    items[at] = last
    return first
  }
}
