/**
 * The text form of a set of completion indexes, as Kubernetes writes `status.completedIndexes`: increasing numbers between
 * commas, three or more consecutive ones as `first-last`.
 */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b)
  const parts: string[] = []
  for (let i = 0; i < sorted.length;) {
    let j = i
    while (sorted[j + 1] === sorted[j]! + 1) j += 1
    if (j - i >= 2) parts.push(`${sorted[i]}-${sorted[j]}`)
    else parts.push(...sorted.slice(i, j + 1).map(String))
    i = j + 1
  }
  return parts.join(',')
}

/** Reads the text form; indexes at or beyond `completions` are dropped, since a Job may have been made smaller. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>()
  for (const part of (text ?? '').split(',')) {
    if (part === '') continue
    const [first, last = first] = part.split('-').map(Number)
    for (let index = first!; index <= last! && index < completions; index++) indexes.add(index)
  }
  return indexes
}

/** The lowest `count` indexes below `completions` that are in none of `taken`. */
export function firstFreeIndexes(count: number, completions: number, ...taken: ReadonlySet<number>[]): number[] {
  const free: number[] = []
  for (let index = 0; index < completions && free.length < count; index++) {
    if (!taken.some((set) => set.has(index))) free.push(index)
  }
  return free
}
