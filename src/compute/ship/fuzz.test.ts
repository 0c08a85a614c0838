import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { fuzzModule } from './fixtures/fuzz-program.ts'
import type { Outcome } from './fixtures/travel.ts'

const run = promisify(execFile)
const MAIN = new URL('./fixtures/main.ts', import.meta.url).pathname
const directory = mkdtempSync(join(tmpdir(), 'shoal-fuzz-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** More programs, or the one seed that failed: `SHOAL_FUZZ_PROGRAMS=5000`, `SHOAL_FUZZ_SEED=7`. */
const PROGRAMS = Number(process.env['SHOAL_FUZZ_PROGRAMS'] ?? 200)
const SEED = Number(process.env['SHOAL_FUZZ_SEED'] ?? 1)

/** Mulberry32. */
function seeded(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}

test.each(['hook', 'inspector'])(
  `${PROGRAMS} made-up programs give the same after travelling through the %s`,
  async (mode) => {
    const place = join(directory, 'fixtures', mode)
    mkdirSync(join(place, 'src'), { recursive: true })
    writeFileSync(join(place, 'src', 'index.mjs'), 'export {}')
    const file = join(place, 'programs.mjs')
    const text = fuzzModule(PROGRAMS, seeded(SEED))
    writeFileSync(file, text)
    const { stdout } = await run(process.execPath, [MAIN, mode, file], { maxBuffer: 2 ** 28 })
    const outcomes = JSON.parse(stdout) as readonly Outcome[]
    expect(outcomes).toHaveLength(PROGRAMS)
    const different = outcomes.filter(({ actual, expected }) => JSON.stringify(actual) !== JSON.stringify(expected))
    const [first] = different
    const source =
      first && text.slice(text.indexOf(`const make${first.title.slice('program '.length)} `)).split('\nconst make')[0]
    expect(first, `seed ${SEED}, ${different.length} differ; the first:\n${source}`).toBeUndefined()
  },
  60_000,
)
