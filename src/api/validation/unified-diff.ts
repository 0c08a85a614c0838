/** Lines that two texts have alike: `size` lines from `a` on in the one and from `b` on in the other. */
interface Block {
  readonly a: number
  readonly b: number
  readonly size: number
}

type Lines = readonly string[]

const CONTEXT = 3

/** How `after` differs from `before`, line by line, as `difflib` writes it: hunks with three lines around each change. */
export function unifiedDiff(before: string, after: string): string {
  const [a, b] = [before.split('\n'), after.split('\n')]
  return hunksOf(changesOf(a, b))
    .map((hunk) => hunkText(hunk, a, b))
    .join('')
}

/** A stretch of `a` that became a stretch of `b`. */
interface Change {
  readonly a: readonly [from: number, to: number]
  readonly b: readonly [from: number, to: number]
}

function changesOf(a: Lines, b: Lines): readonly Change[] {
  const blocks = [...matching(a, b, [0, a.length], [0, b.length]), { a: a.length, b: b.length, size: 0 }]
  const changes: Change[] = []
  let [i, j] = [0, 0]
  for (const block of blocks) {
    if (i < block.a || j < block.b) changes.push({ a: [i, block.a], b: [j, block.b] })
    i = block.a + block.size
    j = block.b + block.size
  }
  return changes
}

type Range = readonly [from: number, to: number]

/** The longest block first, then what lies before and behind it. */
function matching(a: Lines, b: Lines, inA: Range, inB: Range): readonly Block[] {
  const block = longest(a, b, inA, inB)
  if (block.size === 0) return []
  return [
    ...matching(a, b, [inA[0], block.a], [inB[0], block.b]),
    block,
    ...matching(a, b, [block.a + block.size, inA[1]], [block.b + block.size, inB[1]]),
  ]
}

function longest(a: Lines, b: Lines, [fromA, toA]: Range, [fromB, toB]: Range): Block {
  let best: Block = { a: fromA, b: fromB, size: 0 }
  let lengths = new Map<number, number>()
  for (let i = fromA; i < toA; i++) {
    const next = new Map<number, number>()
    for (let j = fromB; j < toB; j++) {
      if (a[i] !== b[j]) continue
      const size = (lengths.get(j - 1) ?? 0) + 1
      next.set(j, size)
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size }
    }
    lengths = next
  }
  return best
}

/** Changes whose surroundings meet are shown together. */
function hunksOf(changes: readonly Change[]): readonly (readonly Change[])[] {
  const hunks: Change[][] = []
  for (const change of changes) {
    const last = hunks.at(-1)
    const near = last !== undefined && change.a[0] - (last.at(-1)?.a[1] ?? 0) <= 2 * CONTEXT
    if (near) last.push(change)
    else hunks.push([change])
  }
  return hunks
}

function hunkText(hunk: readonly Change[], a: Lines, b: Lines): string {
  const [first, last] = [hunk[0] as Change, hunk.at(-1) as Change]
  const lead = Math.min(CONTEXT, first.a[0], first.b[0])
  const tail = Math.min(CONTEXT, a.length - last.a[1])
  const [fromA, toA] = [first.a[0] - lead, last.a[1] + tail]
  const [fromB, toB] = [first.b[0] - lead, last.b[1] + tail]
  const lines: string[] = []
  let at = fromA
  for (const change of hunk) {
    lines.push(...a.slice(at, change.a[0]).map((line) => ` ${line}`))
    lines.push(...a.slice(...change.a).map((line) => `-${line}`), ...b.slice(...change.b).map((line) => `+${line}`))
    at = change.a[1]
  }
  lines.push(...a.slice(at, toA).map((line) => ` ${line}`))
  return `@@ -${rangeText(fromA, toA)} +${rangeText(fromB, toB)} @@\n${lines.map((line) => `${line}\n`).join('')}`
}

function rangeText(from: number, to: number): string {
  const length = to - from
  if (length === 1) return String(from + 1)
  return `${length === 0 ? from : from + 1},${length}`
}
