import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSession } from '../dataset/session.fixture.ts'
import type { TestSession } from '../dataset/session.fixture.ts'
import { WORKER_VARIABLES } from '../wire/worker-variables.ts'
import { createWorkerProcesses } from '../worker-processes.ts'
import { severedWorkers } from './severed-workers.fixture.ts'

const PHASES = ['shuffle write', 'shuffle read', 'write'] as const
type Phase = (typeof PHASES)[number]

const limits = { heartbeatMs: 100, silentMs: 1500 }
const workers = severedWorkers(2)
const scratch = mkdtempSync(join(tmpdir(), 'shoal-faults-'))
let local: TestSession
let remote: TestSession
beforeAll(async () => {
  const variables = { SHOAL_SCRATCH: scratch, [WORKER_VARIABLES.threadHeapMiB]: '64' }
  local = await openSession({ limits, pool: createWorkerProcesses({ count: 2, threads: 1, variables }) })
  remote = await openSession({ limits, network: true, pool: workers.pool })
})
afterAll(async () => {
  await Promise.all([local, remote].map((session) => session[Symbol.asyncDispose]()))
  rmSync(scratch, { recursive: true })
})

const numbers = Array.from({ length: 10_000 }, (_, index) => index)
const losses = ({ events }: TestSession) => events.filter(({ type }) => type === 'loss').length

/** Calls `strike` once, in the middle of the phase: of a shuffle, a sort, and a commit of what is written, the rows of which it checks. */
async function struckIn(session: TestSession, wanted: Phase, strike: () => Promise<void>, to: string): Promise<void> {
  const at = (phase: Phase) => async () => {
    if (phase === wanted) await strike()
  }
  const [writing, reading, committing] = PHASES.map(at)
  const { rows, files } = await session.shoal
    .dataset(numbers)
    .map(async (n) => {
      if (n === 7000) await writing!()
      return n
    })
    .groupBy((n) => n % 100, { partitions: 6 })
    .map(async ([key, all]) => {
      if (key === 42) await reading!()
      return { key, count: all.length, sum: all.reduce((a, b) => a + b, 0) }
    })
    .sort(({ key }) => key)
    .map(async (row) => {
      if (row.key === 50) await committing!()
      return row
    })
    .writeJsonLines(to)
  expect(rows).toBe(100)
  const lines = files.flatMap((file) => readFileSync(file, 'utf8').trimEnd().split('\n'))
  const sumOf = (key: number) => 100 * key + 100 * ((99 * 100) / 2)
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    Array.from({ length: 100 }, (_, key) => ({ key, count: 100, sum: sumOf(key) })),
  )
  const beside = readdirSync(session.directory).filter((name) => name.startsWith('.'))
  expect(beside).toEqual([])
  await expect.poll(keptByTheLiving, { timeout: 30_000 }).toEqual([])
}

/** What workers still keep of shuffles that are over. A worker that was killed leaves its directory to whoever gave it that. */
function keptByTheLiving(): readonly string[] {
  const living = readdirSync(scratch).filter((name) => existsSync(`/proc/${/-(\d+)-[^-]*$/.exec(name)?.[1]}`))
  return living.flatMap((name) => readdirSync(join(scratch, name)).filter((own) => own !== 's'))
}

/** What befalls a worker's thread, or its process, where it stands. */
const BEFALLS = {
  frozen: () => void process.kill(process.pid, 'SIGSTOP'),
  killed: () => void process.kill(process.pid, 'SIGKILL'),
  'out of memory': () => {
    const all: unknown[] = []
    for (;;) all.push(new Array(10_000).fill(0.5))
  },
} as const

test.each(
  (['frozen', 'killed', 'out of memory'] as const).flatMap((how) => PHASES.map((phase) => [how, phase] as const)),
)('a worker that is %s during a %s costs a retry and nothing of the result', async (how, phase) => {
  const before = losses(local)
  const flag = join(local.directory, `${how} ${phase}`)
  const befalls = BEFALLS[how]
  const strike = async () => {
    const { existsSync: exists, writeFileSync: write } = await import('node:fs')
    if (exists(flag)) return
    write(flag, '')
    befalls()
  }
  await struckIn(local, phase, strike, join(local.directory, `out of ${how} ${phase}`))
  // The task may have run a second time elsewhere, and be done, before the silence is told.
  await expect.poll(() => losses(local), { timeout: 30_000 }).toBeGreaterThan(before)
})

test.each(PHASES)('a thread that is blocked during a %s costs nothing but the time', async (phase) => {
  const flag = join(local.directory, `blocked ${phase}`)
  const block = async () => {
    const { existsSync: exists, writeFileSync: write } = await import('node:fs')
    if (exists(flag)) return
    write(flag, '')
    // For longer than a worker may be silent.
    const until = performance.now() + 1700
    while (performance.now() < until);
  }
  await struckIn(local, phase, block, join(local.directory, `out of blocked ${phase}`))
  expect(existsSync(flag)).toBe(true)
})

test.each((['cut', 'half-open'] as const).flatMap((how) => PHASES.map((phase) => [how, phase] as const)))(
  'a connection that is %s during a %s costs a retry and nothing of the result',
  async (how, phase) => {
    const before = losses(remote)
    const flag = join(remote.directory, `${how} ${phase}`)
    const wait = async () => {
      const { existsSync: exists, writeFileSync: write } = await import('node:fs')
      if (exists(flag)) return
      write(flag, String(process.pid))
      while (!exists(`${flag} done`)) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const running = struckIn(remote, phase, wait, join(remote.directory, `out of ${how} ${phase}`))
    await expect.poll(() => existsSync(flag) && readFileSync(flag, 'utf8') !== '', { timeout: 60_000 }).toBe(true)
    workers.sever(Number(readFileSync(flag, 'utf8')), how)
    writeFileSync(`${flag} done`, '')
    await running
    await expect.poll(() => losses(remote), { timeout: 30_000 }).toBeGreaterThan(before)
  },
)
