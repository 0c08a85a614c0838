import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { sleep } from '../env/clock.ts'
import { systemEnvironment } from '../env/system.ts'
import { openTaskSession } from './task/session.fixture.ts'
import { task } from './task/task.ts'
import { createEngine } from './engine.ts'
import type { ComputeEvent } from './events.ts'
import { createShipper } from './ship/ship.ts'
import type { WorkerPool } from './worker-pool.ts'
import { WORKER_VARIABLES } from './wire/worker-variables.ts'
import { createWorkerProcesses } from './worker-processes.ts'

const env = systemEnvironment()

/** A session whose workers reach it through something that can do to connections what networks do. */
async function open(count: number, variables: Readonly<Record<string, string>> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-faults-'))
  const pool = createWorkerProcesses({ count, threads: 1, variables })
  const network = createNetwork(join(directory, 'network.sock'))
  const events: ComputeEvent[] = []
  const through: WorkerPool = { ...pool, start: async (address, token) => pool.start(await network.to(address), token) }
  const { shoal } = await createEngine({
    env,
    name: 'faults',
    pool: through,
    reach: { kind: 'unix', directory: join(directory, 's') },
    pipeline: { hash: 'none', source: '' },
    shipper: createShipper(),
    workerTimeoutMs: 60_000,
    limits: { heartbeatMs: 100, silentMs: 1500 },
    onEvent: (event) => void events.push(event),
  })
  onTestFinished(async () => {
    network.close()
    await shoal.close()
    rmSync(directory, { recursive: true })
  })
  return { shoal, pool, network, events, directory }
}

/** Passes on what goes over a socket, until it is told to cut connections, or to keep them and pass nothing any more. */
function createNetwork(path: string) {
  const pairs = new Set<readonly [Socket, Socket]>()
  const server = createServer()
  return {
    to(address: string): Promise<string> {
      server.on('connection', (worker) => {
        const driver = connect(address.replace(/^unix:/, ''))
        const pair = [worker, driver] as const
        pairs.add(pair)
        worker.pipe(driver).pipe(worker)
        const close = () => (pairs.delete(pair), worker.destroy(), driver.destroy())
        for (const end of pair) end.on('close', close).on('error', close)
      })
      return new Promise((resolve) => server.listen(path, () => resolve(`unix:${path}`)))
    },
    cut: () => [...pairs].forEach(([worker]) => worker.destroy()),
    /** Both ends believe in it: nothing comes out of it any more. */
    freeze() {
      for (const [worker, driver] of pairs) for (const end of [worker, driver]) end.unpipe().pause()
    },
    close: () => void server.close(),
  }
}

const slow = task((n: number) => {
  const until = performance.now() + 20
  while (performance.now() < until);
  return n * n
})
const numbers = Array.from({ length: 60 }, (_, n) => n)
const squares = numbers.map((n) => n * n)

test('connections that are cut cost the tasks that were under way nothing but the time', async () => {
  const { shoal, network, events } = await open(2)
  const futures = numbers.map((n) => shoal.submit(slow, n))
  for (const at of [10, 30]) {
    await shoal.wait(futures, { count: at })
    network.cut()
  }
  expect(await Promise.all(futures)).toEqual(squares)
  expect(events.some(({ type }) => type === 'loss')).toBe(true)
})

test('a connection that is open and carries nothing is given up by its silence, and its results count once', async () => {
  const { shoal, network, events } = await open(2)
  const futures = numbers.map((n) => shoal.submit(slow, n))
  let settled = 0
  for (const future of futures) void future.then(() => settled++)
  await shoal.wait(futures, { count: 10 })
  network.freeze()
  expect(await Promise.all(futures)).toEqual(squares)
  expect(settled).toBe(numbers.length)
  const losses = events.filter((event) => event.type === 'loss')
  expect(losses.map(({ loss }) => loss.reason)).toContainEqual(expect.stringContaining('was silent for'))
})

test('workers that are killed, frozen and cut off at random leave each result right', async () => {
  const { shoal, pool, network } = await open(3)
  const futures = Array.from({ length: 160 }, (_, n) => shoal.submit(slow, n))
  const done = Promise.all(futures)
  let seed = 7
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  for (let fault = 0; fault < 6; fault++) {
    await shoal.wait(futures, { count: (fault + 1) * 20 })
    const children = [...pool.running.values()]
    const child = children[random(children.length)]
    const kind = random(4)
    if (kind === 3) network.cut()
    else child?.kill(kind === 0 ? 'SIGSTOP' : kind === 1 ? 'SIGTERM' : 'SIGKILL')
  }
  expect(await done).toEqual(Array.from({ length: 160 }, (_, n) => n * n))
})

/** Ends when the file is there, which may name a process and what befalls its thread before. */
const whenThere = task(async (n: number, file: string) => {
  const { existsSync: exists, readFileSync: read } = await import('node:fs')
  while (!exists(file)) await new Promise((resolve) => setTimeout(resolve, 5))
  const [how, pid] = read(file, 'utf8').split(' ')
  if (pid !== String(process.pid)) return n
  const until = performance.now() + 2000
  const all: unknown[] = []
  if (how === 'blocked') while (performance.now() < until);
  else while (how === 'out-of-memory') all.push(new Array(10_000).fill(0.5))
  return n
})

test.each(['killed', 'frozen', 'cut', 'half-open', 'blocked', 'out-of-memory'] as const)(
  'a worker that is %s while it drains costs what it was at nothing but the time',
  async (how) => {
    const { shoal, pool, network, directory } = await open(2, { [WORKER_VARIABLES.threadHeapMiB]: '64' })
    const file = join(directory, 'there')
    const running = [1, 2].map((n) => shoal.submit(whenThere, n, file))
    await Promise.all(running.map((future) => expect.poll(() => future.state, { timeout: 30_000 }).toBe('running')))
    const [worker] = pool.running.values()
    worker!.kill('SIGTERM')
    // Told to end, it waits for what it is at.
    await shoal.wait(running, { timeoutMs: 100 })
    expect(worker!.exitCode).toBeNull()
    if (how === 'killed') worker!.kill('SIGKILL')
    else if (how === 'frozen') worker!.kill('SIGSTOP')
    else if (how === 'cut') network.cut()
    else if (how === 'half-open') network.freeze()
    writeFileSync(`${file} soon`, `${how} ${worker!.pid}`)
    renameSync(`${file} soon`, file)
    expect(await Promise.all(running)).toEqual([1, 2])
    expect(await Promise.all(numbers.map((n) => shoal.submit(slow, n)))).toEqual(squares)
    if (how !== 'killed' && worker!.signalCode === null && worker!.exitCode === null) await once(worker!, 'exit')
  },
)

test('no worker outlives a driver that is killed, whatever it is at', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-orphans-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'pids')
  const program = new URL('fixtures/killed-driver.ts', import.meta.url).pathname
  const driver = spawn(process.execPath, ['--no-warnings', program, file], { stdio: 'inherit' })
  const ended = once(driver, 'exit')
  while (!existsSync(file) || readFileSync(file, 'utf8').split('\n').length < 3) await sleep(env.timers, 20)
  const pids = readFileSync(file, 'utf8').trim().split('\n').map(Number)
  driver.kill('SIGKILL')
  await ended
  for (const pid of pids) while (isAlive(pid)) await sleep(env.timers, 20)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // One that nobody has waited for yet has ended all the same.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('a worker whose coordinator says nothing over the network, or nothing any more, ends', async () => {
  const server = createServer()
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const program = new URL('fixtures/impatient-worker.ts', import.meta.url).pathname
  const variables = { SHOAL_COORDINATOR: `tcp:127.0.0.1:${port}`, SHOAL_TOKEN: 'token', SHOAL_THREADS: '1' }
  const worker = spawn(process.execPath, ['--no-warnings', program], {
    env: { PATH: process.env['PATH'], ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [said] = await Promise.all([text(worker.stderr), once(worker, 'exit')])
  expect(said).toBe('The coordinator cannot be reached: nothing was heard of it for 0.5 s\n')
})

test('a worker with another version of Node is refused, and all that waits for it is told so at once', async () => {
  const program = new URL('fixtures/other-node.ts', import.meta.url).pathname
  const session = await openTaskSession({ count: 1, threads: 1, program })
  onTestFinished(() => session.close())
  const error = {
    code: 'SHOAL_NODE_VERSION',
    message: expect.stringContaining('its image has Node v18.20.4, expected v24'),
  }
  await expect(session.shoal.submit(() => 1)).rejects.toMatchObject(error)
  await expect(session.shoal.submit(() => 2)).rejects.toMatchObject(error)
})
