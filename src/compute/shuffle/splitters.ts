/** A function that finds the partition of a key: how many of the splitters, which are in order, are not above it. */
export function createSplitters(
  splitters: readonly Uint8Array[],
): (bytes: Buffer, start: number, end: number) => number {
  const common = commonPrefix(splitters)
  const prefixes = Float64Array.from(splitters, (splitter) => prefixAt(splitter, common, splitter.byteLength))
  const head = splitters[0]?.subarray(0, common) ?? new Uint8Array(0)
  return (bytes, start, end) => {
    if (splitters.length === 0) return 0
    const against = compareHead(bytes, start, end, head)
    if (against !== 0) return against < 0 ? 0 : splitters.length
    const prefix = prefixAt(bytes, start + common, end)
    let low = 0
    let high = splitters.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = prefixes[middle]!
      const isAbove =
        other === prefix ? bytes.compare(splitters[middle]!, 0, undefined, start, end) < 0 : other > prefix
      if (isAbove) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Six bytes from `at` as a number, zeros where there are no more. */
function prefixAt(bytes: Uint8Array, at: number, end: number): number {
  let prefix = 0
  for (let index = 0; index < 6; index++) prefix = prefix * 256 + (at + index < end ? bytes[at + index]! : 0)
  return prefix
}

function commonPrefix(keys: readonly Uint8Array[]): number {
  const [first, last] = [keys[0], keys.at(-1)]
  if (first === undefined || last === undefined) return 0
  let common = 0
  while (common < first.byteLength && common < last.byteLength && first[common] === last[common]) common++
  return common
}

/** How the key compares with what all splitters begin with; zero where it begins with that too. */
function compareHead(bytes: Uint8Array, start: number, end: number, head: Uint8Array): number {
  for (let index = 0; index < head.length; index++) {
    const own = start + index < end ? bytes[start + index]! : -1
    if (own !== head[index]) return own - head[index]!
  }
  return 0
}

/**
 * Keys that cut the sorted `keys` into about equal shares, `wanted` of them or fewer. A key that fills a share of its own is cut off on
 * both sides: its partition holds nothing else.
 */
export function chooseSplitters(keys: readonly Uint8Array[], wanted: number): readonly Uint8Array[] {
  const sorted = [...keys].sort(Buffer.compare)
  const chosen: Uint8Array[] = []
  for (let share = 1; share < wanted; share++) {
    const key = sorted[Math.floor((sorted.length * share) / wanted)]
    if (key === undefined) continue
    const last = chosen.at(-1)
    const order = last === undefined ? -1 : Buffer.compare(last, key)
    if (order < 0) chosen.push(key)
    else if (order === 0) chosen.push(successorOf(key))
  }
  return chosen
}

/** The least of all that come after `key`. */
const successorOf = (key: Uint8Array): Uint8Array => Buffer.concat([key, Uint8Array.of(0)])

/** Whether all keys between splitters `partition - 1` and `partition` are the same one. */
export function isUniform(splitters: readonly Uint8Array[], partition: number): boolean {
  const [from, to] = [splitters[partition - 1], splitters[partition]]
  return from !== undefined && to !== undefined && Buffer.compare(successorOf(from), to) === 0
}
