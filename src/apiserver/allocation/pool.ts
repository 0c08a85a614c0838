/** Values of which each may be held once: addresses or ports. */
export interface Pool {
  /** Any that is free, in turn, so that one given back is not given out again at once; undefined where none is. */
  takeAny(): string | undefined
  /** Whether `value` was free. Values outside the pool are never free. */
  take(value: string): boolean
  give(value: string): void
  /** Whether it is held. */
  has(value: string): boolean
}

/** A pool of `size` values, of which `at` names the one at an index; `first` is the index of the first that is given out. */
export function createPool(size: number, at: (index: number) => string, first = 0): Pool {
  const held = new Set<string>()
  const isMember = memberTest(size, at)
  let next = first
  return {
    takeAny() {
      for (let tried = 0; tried < size; tried++) {
        const value = at(next)
        next = (next + 1) % size
        if (held.has(value)) continue
        held.add(value)
        return value
      }
      return undefined
    },
    take(value) {
      if (held.has(value) || !isMember(value)) return false
      held.add(value)
      return true
    },
    give: (value) => void held.delete(value),
    has: (value) => held.has(value),
  }
}

/** Values are numbers or dotted numbers in rising order, so that membership is a comparison with the ends. */
function memberTest(size: number, at: (index: number) => string): (value: string) => boolean {
  const rank = (value: string) => value.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const [low, high] = [rank(at(0)), rank(at(size - 1))]
  return (value) => /^[\d.]+$/.test(value) && rank(value) >= low && rank(value) <= high
}
