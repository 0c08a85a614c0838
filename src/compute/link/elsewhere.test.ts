import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { createEngine } from '../engine.ts'
import type { Engine } from '../engine.ts'
import { createShipper } from '../ship/ship.ts'
import { task } from '../task/task.ts'
import { createRunTrust } from '../trust/run-trust.ts'
import type { Trust } from '../wire/secure.ts'
import { TRUST_FILES } from '../wire/secure.ts'
import { createWorkerProcesses } from '../worker-processes.ts'
import type { WorkerProcesses } from '../worker-processes.ts'
import { workerPrograms } from '../worker-program.ts'
import { coordinateElsewhere } from './coordinate-elsewhere.ts'
import { COORDINATOR_VARIABLES } from './coordinator-variables.ts'

const env = systemEnvironment()
const directory = mkdtempSync(join(tmpdir(), 'shoal-elsewhere-'))
const trust = createRunTrust(env, 'run-test')
const token = 'a token'
const waits: string[] = []
let engine: Engine
let pool: WorkerProcesses
let coordinator: ChildProcess
let port: number
let way: { readonly port: number; cut(): void; restore(): Promise<void> }

const keep = (name: string, { authority, certificate, key }: Trust) => {
  const path = join(directory, name)
  mkdirSync(path)
  writeFileSync(join(path, TRUST_FILES.authority), authority)
  writeFileSync(join(path, TRUST_FILES.certificate), certificate)
  writeFileSync(join(path, TRUST_FILES.key), key)
  return path
}

/** The way from driver to coordinator, which can be cut without either of them doing anything. */
async function openWay(target: () => number) {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((socket) => {
    socket.on('error', () => {})
    if (isCut) return void socket.destroy()
    const onward = connect(target(), '127.0.0.1')
    onward.on('error', () => socket.destroy())
    socket.pipe(onward).pipe(socket)
    for (const each of [socket, onward]) {
      sockets.add(each)
      each.once('close', () => {
        sockets.delete(each)
        socket.destroy()
        onward.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true
      for (const socket of sockets) socket.destroy()
    },
    async restore() {
      isCut = false
    },
    close: () => server.close(),
  }
}

async function startCoordinator(path: string): Promise<void> {
  coordinator = spawn(
    process.execPath,
    ['--no-warnings', fileURLToPath(new URL('coordinator-pod.ts', import.meta.url))],
    {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: {
        [COORDINATOR_VARIABLES.port]: String(port ?? 0),
        [COORDINATOR_VARIABLES.token]: token,
        [COORDINATOR_VARIABLES.trust]: path,
        [COORDINATOR_VARIABLES.awayMs]: '60000',
      },
    },
  )
  port = await new Promise((resolve) =>
    coordinator.stderr!.on('data', (text: Buffer) => {
      const match = /listens on port (\d+)/.exec(String(text))
      if (match !== null) resolve(Number(match[1]))
    }),
  )
}

beforeAll(async () => {
  const coordinatorTrust = keep('coordinator', trust.coordinator)
  const workerTrust = keep('worker', trust.worker)
  way = await openWay(() => port)
  pool = createWorkerProcesses({ count: 2, threads: 1, variables: { SHOAL_TRUST: workerTrust } })
  const programs = await workerPrograms(join(directory, 'cache'))
  engine = await createEngine({
    env,
    name: 'elsewhere',
    pool,
    reach: coordinateElsewhere({
      place: {
        async start() {
          await startCoordinator(coordinatorTrust)
          return `tls:127.0.0.1:${port}`
        },
        async dial() {
          const socket = connect(way.port, '127.0.0.1')
          await once(socket, 'connect')
          return socket
        },
        close: async () => void coordinator.kill(),
      },
      trust: trust.driver,
      token,
      awayMs: 60_000,
      onCut: (why) => waits.push(why),
    }),
    pipeline: programs.pipeline,
    shipper: createShipper(),
    onEvent: () => {},
    workerTimeoutMs: 30_000,
  })
})

afterEach(() => way.restore())
afterAll(async () => {
  await engine.shoal.close()
  rmSync(directory, { recursive: true })
})

test('work runs on workers that only the coordinator knows, and errors come back as they were thrown', async () => {
  const offset = 1000
  expect(await engine.shoal.map([1, 2, 3], (n) => n + offset)).toEqual([1001, 1002, 1003])
  const items = Array.from({ length: 20_000 }, (_, index) => index)
  expect(await engine.shoal.map(items, (n) => n * 2)).toEqual(items.map((n) => n * 2))
  await expect(
    engine.shoal.map([1, 2], (n) => {
      if (n === 2) throw new RangeError('two is too many')
      return n
    }),
  ).rejects.toThrow(new RangeError('two is too many'))
})

test('calls are answered one by one, from within others too, and what failed fails alone', async () => {
  const { shoal } = engine
  const half = task((n: number) => {
    if (n % 2 === 1) throw new TypeError(`${n} is odd`)
    return n / 2
  })
  const quarter = task(async (n: number) => await shoal.submit(half, shoal.submit(half, n)))
  expect(await shoal.submit(half, shoal.submit(half, 12))).toBe(3)
  expect(await shoal.submit(quarter, 20)).toBe(5)
  const all = await shoal.settled([2, 3, 4].map((n) => shoal.submit(half, n)))
  expect(all.map(({ status }) => status)).toEqual(['done', 'failed', 'done'])
  await expect(shoal.submit(quarter, 6)).rejects.toThrow(new TypeError('3 is odd'))
})

test('results as large as many fragments arrive whole', async () => {
  const sizes = [3_000_000, 1, 700_000]
  const made = await engine.shoal.map(sizes, (size) => new Uint8Array(size).fill(7))
  expect(made.map((bytes) => [bytes.byteLength, bytes.every((byte) => byte === 7)])).toEqual(
    sizes.map((size) => [size, true]),
  )
})

test('a stream is read no faster than its results are taken', async () => {
  const taken: number[] = []
  let read = 0
  const source = function* () {
    for (let index = 0; index < 100_000; index++) {
      read++
      yield index
    }
  }
  for await (const result of engine.shoal.imap(source(), (n) => n + 1)) {
    taken.push(result)
    if (taken.length === 10) break
  }
  expect(taken).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(read).toBeLessThan(50_000)
})

test('work goes on while the driver is cut off, which then finds its results', async () => {
  const started = join(directory, 'started')
  const done = join(directory, 'done')
  const working = engine.shoal.map(
    Array.from({ length: 6 }, (_, index) => index),
    async (item) => {
      const { appendFileSync } = await import('node:fs')
      appendFileSync(started, 'x')
      await new Promise((resolve) => setTimeout(resolve, 100))
      appendFileSync(done, 'x')
      return item * item
    },
    { chunkSize: 1 },
  )
  const { readFileSync } = await import('node:fs')
  const until = async (path: string, length: number) => {
    while (!existsSync(path) || readFileSync(path).length < length)
      await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await until(started, 1)
  way.cut()
  await until(done, 6)
  expect(waits.at(-1) ?? engine.shoal.why()[0]).toMatch(/the link to the coordinator has been cut for \d+ s/)
  await way.restore()
  expect(await working).toEqual([0, 1, 4, 9, 16, 25])
})

test('a coordinator that was killed is told again what has no result yet, and the same workers serve it', async () => {
  const before = [...pool.running.keys()]
  const flag = join(directory, 'killed')
  const working = engine.shoal.map([1, 2, 3, 4], async (item) => {
    const { existsSync: exists, writeFileSync: write } = await import('node:fs')
    if (item === 3) {
      write(`${process.env['SHOAL_TRUST']}/../third`, '')
      while (!exists(`${process.env['SHOAL_TRUST']}/../killed`)) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return item * 10
  })
  while (!existsSync(join(directory, 'third'))) await new Promise((resolve) => setTimeout(resolve, 5))
  coordinator.kill('SIGKILL')
  await once(coordinator, 'exit')
  writeFileSync(flag, '')
  await startCoordinator(join(directory, 'coordinator'))
  expect(await working).toEqual([10, 20, 30, 40])
  // They have dialled again by themselves: none had to be started anew.
  expect([...pool.running.keys()]).toEqual(before)
})
