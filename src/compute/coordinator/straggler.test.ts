import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSession } from '../dataset/session.fixture.ts'
import type { TestSession } from '../dataset/session.fixture.ts'
import type { RunSummary } from '../trace/run-summary.ts'
import { createWorkerProcesses } from '../worker-processes.ts'

/** Stops the process of its worker, the first time that anybody calls it; answers whether that was now. */
const stopOnce = (flag: string) => async (): Promise<boolean> => {
  const { existsSync: exists, writeFileSync: write } = await import('node:fs')
  if (exists(flag)) return false
  write(flag, String(process.pid))
  process.kill(process.pid, 'SIGSTOP')
  // Signals come when they come.
  while (!exists(`${flag} on`)) await new Promise((resolve) => setTimeout(resolve, 5))
  return true
}

/** Workers of one thread, of which one that stands still is not given up for as long as the test takes. */
async function open(count: number): Promise<TestSession & { readonly flag: string }> {
  const pool = createWorkerProcesses({ count, threads: 1 })
  const session = await openSession({ pool, limits: { heartbeatMs: 100, silentMs: 300_000 } })
  return { ...session, flag: join(session.directory, 'stopped') }
}

/** Lets the slow attempt go on, and resolves when it has come to its end: its worker does something else. */
async function letGoOn({ shoal }: TestSession, flag: string): Promise<void> {
  const pid = Number(readFileSync(flag, 'utf8'))
  writeFileSync(`${flag} on`, '')
  process.kill(pid, 'SIGCONT')
  const pidOf = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return process.pid
  }
  const isAtWork = async () => (await shoal.map([0, 1, 2, 3], pidOf, { chunkSize: 1 })).includes(pid)
  await expect.poll(isAtWork, { timeout: 60_000 }).toBe(true)
}

async function summaryAfter(session: TestSession): Promise<RunSummary> {
  await session[Symbol.asyncDispose]()
  const event = session.events.find(({ type }) => type === 'summary')
  if (event?.type !== 'summary') throw new Error('Assertion: the session told no summary')
  return event.summary
}

const numbers = Array.from({ length: 24 }, (_, n) => n)

test('a task that takes far longer than its like runs a second time, whose result counts, and the first comes too late', async () => {
  const session = await open(2)
  const { shoal, flag } = session
  const stop = stopOnce(flag)
  const slow = async (n: number) => ({ square: n * n, wasStopped: n === 11 && (await stop()) })
  const made = await shoal.map(numbers, slow, { chunkSize: 1 })
  expect(existsSync(flag)).toBe(true)
  expect(made).toEqual(numbers.map((n) => ({ square: n * n, wasStopped: false })))
  await letGoOn(session, flag)
  const summary = await summaryAfter(session)
  expect(summary.second).toBeGreaterThanOrEqual(1)
  expect(summary.losses).toBe(0)
  expect(summary.stages.find(({ name }) => name.includes('slow'))).toMatchObject({ items: numbers.length })
})

test('what a slow attempt leaves of a shuffle and of a write is not looked at: the second one has been taken', async () => {
  await using session = await open(3)
  const { shoal, flag, directory } = session
  const [writing, committing] = [stopOnce(flag), stopOnce(`${flag} too`)]
  const rows = Array.from({ length: 3000 }, (_, n) => n)
  const to = join(directory, 'out')
  const { rows: written, files } = await shoal
    .dataset(rows)
    .map(async (n) => {
      if (n === 1500) await writing()
      return n
    })
    .groupBy((n) => n % 30, { partitions: 12 })
    .map(async ([key, all]) => {
      if (key === 15) await committing()
      return { key, count: all.length }
    })
    .writeJsonLines(to)
  expect(written).toBe(30)
  for (const each of [flag, `${flag} too`]) await letGoOn(session, each)
  const lines = files.flatMap((file) => readFileSync(file, 'utf8').trimEnd().split('\n'))
  const found = lines.map((line) => JSON.parse(line) as { key: number; count: number }).sort((a, b) => a.key - b.key)
  expect(found).toEqual(Array.from({ length: 30 }, (_, key) => ({ key, count: 100 })))
  expect(readdirSync(to).length).toBe(files.length)
})
