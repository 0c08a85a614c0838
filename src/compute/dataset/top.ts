/** The `n` records with the highest score, highest first; of equal ones those that came first. */
export function topOf<T>(records: Iterable<T>, n: number, by: (record: T) => number): T[] {
  let best: (readonly [score: number, order: number, record: T])[] = []
  let floor = -Infinity
  let order = 0
  const prune = () => {
    best.sort((left, right) => right[0] - left[0] || left[1] - right[1])
    best = best.slice(0, n)
    if (best.length === n && n > 0) floor = best[n - 1]![0]
  }
  for (const record of records) {
    const score = by(record)
    if (score > floor || best.length < n) best.push([score, order++, record])
    if (best.length >= 4 * n + 64) prune()
  }
  prune()
  return best.map(([, , record]) => record)
}
