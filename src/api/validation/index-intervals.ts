/** Indexes from `first` to `last`, both included. */
export interface Interval {
  readonly first: number
  readonly last: number
}

/** One part of a Job's list of indexes, such as `3` or `5-7`; what is wrong with it as a text, in Kubernetes' words. */
export function parseInterval(text: string, completions: number): Interval | string {
  const parts = text.split('-')
  if (parts.length > 2) {
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`
  }
  const limits: number[] = []
  for (const part of parts) {
    const index = /^[+-]?\d+$/.test(part) ? Number(part) : undefined
    if (index === undefined) return `cannot convert string to integer for index: ${JSON.stringify(part)}`
    if (index >= completions) return `too large index: ${JSON.stringify(part)}`
    limits.push(index)
  }
  const [first = 0, last = first] = limits
  return limits.length > 1 && first >= last ? notIncreasing(first, last) : { first, last }
}

const notIncreasing = (previous: number, current: number) =>
  `non-increasing order, previous: ${previous}, current: ${current}`

/** What is wrong with a list of indexes, such as `1,3-5`; undefined where nothing is. As validateIndexesFormat. */
export function indexesProblem(text: string, completions: number): string | undefined {
  if (text === '') return undefined
  let last: number | undefined
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions)
    if (typeof interval === 'string') return interval
    if (last !== undefined && last >= interval.first) return notIncreasing(last, interval.first)
    last = interval.last
  }
  return undefined
}

/** The first index that lies in both lists, as validateFailedIndexesNotOverlapCompleted finds it; what is malformed is passed over. */
export function overlapOf(one: string, other: string, completions: number): number | undefined {
  const [left, right] = [intervalsOf(one, completions), intervalsOf(other, completions)]
  let [i, k] = [0, 0]
  for (;;) {
    const [a, b] = [left[i], right[k]]
    if (a === undefined || b === undefined) return undefined
    if (a.first <= b.last && b.first <= a.last) return Math.max(a.first, b.first)
    if (a.first <= b.first) i++
    else k++
  }
}

function intervalsOf(text: string, completions: number): readonly Interval[] {
  if (text === '') return []
  const intervals = text.split(',').map((part) => parseInterval(part, completions))
  return intervals.filter((interval) => typeof interval !== 'string')
}
