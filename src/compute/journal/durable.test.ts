import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { createEngine } from '../engine.ts'
import type { Engine } from '../engine.ts'
import { createShipper } from '../ship/ship.ts'
import { createWorkerProcesses } from '../worker-processes.ts'
import { workerPrograms } from '../worker-program.ts'
import type { WorkerPrograms } from '../worker-program.ts'
import { openJournal } from './journal-file.ts'

const env = systemEnvironment()
const directory = mkdtempSync(join(tmpdir(), 'shoal-durable-'))
let programs: WorkerPrograms

beforeAll(async () => {
  programs = await workerPrograms(join(directory, 'cache'))
})
afterAll(() => rmSync(directory, { recursive: true }))

/** A driver of the run whose journal is `name`. */
function drive(name: string): Promise<Engine> {
  return createEngine({
    env,
    name,
    pool: createWorkerProcesses({ count: 1, threads: 2 }),
    reach: { kind: 'unix', directory: join(directory, 's') },
    pipeline: programs.pipeline,
    shipper: createShipper(),
    onEvent: () => {},
    workerTimeoutMs: 30_000,
    journal: openJournal(env, join(directory, name)),
  })
}

const marks = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [])

/** Squares of 40 items, each of which leaves a mark; one of them fails until a file beside the marks lets it go on. */
function squares({ shoal }: Engine, path: string): Promise<number[]> {
  return shoal.map(
    Array.from({ length: 40 }, (_, index) => ({ index, mark: path })),
    async ({ index, mark }) => {
      const { appendFileSync, existsSync: exists } = await import('node:fs')
      if (index === 25 && !exists(`${mark}.go`)) throw new Error('the driver is to go')
      appendFileSync(mark, `${index}\n`)
      return index * index
    },
    { chunkSize: 1 },
  )
}

test('a driver that is started again repeats nothing that was committed', async () => {
  const path = join(directory, 'marks')
  const first = await drive('again')
  await expect(squares(first, path)).rejects.toThrow('the driver is to go')
  await first.shoal.close(new Error('killed'))
  const before = marks(path)
  expect(before.length).toBeGreaterThan(10)
  writeFileSync(`${path}.go`, '')

  const second = await drive('again')
  expect(await squares(second, path)).toEqual(Array.from({ length: 40 }, (_, index) => index * index))
  const after = marks(path)
  // What was under way when the first driver went was done and not committed: at most one for each thread, and one ahead.
  expect(after.length - new Set(after).size).toBeLessThanOrEqual(4)
  expect(new Set(after).size).toBe(40)
  await second.shoal.close()
  expect(existsSync(join(directory, 'again'))).toBe(false)
})

test('a stage that came to its end is not run at all', async () => {
  const path = join(directory, 'whole')
  const count = ({ shoal }: Engine) =>
    shoal.map([path, path], async (mark) => {
      const { appendFileSync } = await import('node:fs')
      appendFileSync(mark, 'x\n')
      return mark.length
    })
  const first = await drive('whole-run')
  const made = await count(first)
  await first.shoal.close(new Error('killed'))
  const second = await drive('whole-run')
  expect(await count(second)).toEqual(made)
  expect(marks(path)).toHaveLength(2)
  // Another input is other work.
  expect(await second.shoal.map([`${path}2`], (mark) => mark.length)).toEqual([path.length + 1])
  await second.shoal.close()
})

test('a torn end of the journal is cut off, and all before it counts', async () => {
  const path = join(directory, 'torn')
  const journal = openJournal(env, path)
  for (let work = 1; work <= 3; work++) {
    journal.append('stage', { type: 'done', work, micros: 1, input: 'i', payload: new Uint8Array(100) })
  }
  await Promise.resolve()
  journal.close(false)
  truncateSync(path, readFileSync(path).length - 7)
  const opened = openJournal(env, path)
  expect(opened.entries('stage').map((entry) => entry.type === 'done' && entry.work)).toEqual([1, 2])
  opened.append('stage', { type: 'ended' })
  opened.close(false)
  expect(openJournal(env, path).entries('stage')).toHaveLength(3)
})
