import { statSync } from 'node:fs'
import { Piscina } from 'piscina'
import { printTop } from './count-words.ts'
import type { Range } from './count-words.ts'

/** The word count of examples/word-count on two threads of `piscina`: 32 ranges, cut and merged by hand. */
const RANGES = 32

const files = process.argv.slice(2).map((path) => ({ path, size: statSync(path).size }))
const perFile = Math.max(1, Math.round(RANGES / files.length))
const ranges: readonly Range[] = files.flatMap(({ path, size }) =>
  Array.from({ length: perFile }, (_, index) => ({
    path,
    from: Math.floor((size * index) / perFile),
    to: Math.floor((size * (index + 1)) / perFile),
  })),
)
const filename = new URL('./piscina-worker.ts', import.meta.url).href
const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2 })
const totals = new Map<string, number>()
await Promise.all(
  ranges.map(async (range) => {
    const counts = (await pool.run([range])) as Map<string, number>
    for (const [word, n] of counts) totals.set(word, (totals.get(word) ?? 0) + n)
  }),
)
printTop(totals)
await pool.destroy()
