import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { CIRCLE_MS } from '../task/circles.ts'
import { openTaskSession } from '../task/session.fixture.ts'
import type { TaskTestSession } from '../task/session.fixture.ts'
import { task } from '../task/task.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-actors-'))
let session: TaskTestSession

beforeAll(async () => {
  session = await openTaskSession({ count: 2, threads: 1 })
})

afterAll(async () => {
  await session.close()
  rmSync(directory, { recursive: true })
})

class Counter {
  count: number
  constructor(start = 0) {
    this.count = start
  }
  add(by: number): number {
    return (this.count += by)
  }
  async addLater(by: number): Promise<number> {
    const before = this.count
    await new Promise((resolve) => setTimeout(resolve, 1))
    return (this.count = before + by)
  }
  fail(): void {
    throw new RangeError('no')
  }
  die(): void {
    process.kill(process.pid, 'SIGKILL')
  }
  exit(): void {
    process.exit(3)
  }
  *upTo(limit: number): Generator<number> {
    for (let at = 0; at < limit; at++) {
      this.count = at
      yield at
    }
  }
  async *failing(): AsyncGenerator<string> {
    yield 'one'
    throw new RangeError('two')
  }
  pid(): number {
    return process.pid
  }
}

class Kept extends Counter {
  saveState(): number {
    return this.count
  }
  restoreState(count: number): void {
    this.count = count
  }
}

test('an actor keeps its state, and its calls run in their order', async () => {
  const counter = session.shoal.actor(Counter, { args: [10] })
  const results = [counter.add(1), counter.addLater(1), counter.add(1), counter.addLater(1)]
  expect(await Promise.all(results)).toEqual([11, 12, 13, 14])
})

test('10,000 calls in flight each count once', async () => {
  const counter = session.shoal.actor(Counter, { args: [0] })
  const futures = Array.from({ length: 10_000 }, () => counter.add(1))
  const results = await Promise.all(futures)
  expect(results.at(-1)).toBe(10_000)
  expect(results).toEqual(results.map((_, index) => index + 1))
})

test('calls of an actor run at the same time where it allows that', async () => {
  const counter = session.shoal.actor(Counter, { args: [0], concurrency: 4 })
  // All of them read the count before any of them wrote it.
  expect(await Promise.all([1, 1, 1, 1].map((by) => counter.addLater(by)))).toEqual([1, 1, 1, 1])
})

test('what a method or the constructor throws is what the call fails with', async () => {
  const counter = session.shoal.actor(Counter, { args: [0] })
  await expect(counter.fail()).rejects.toThrow(RangeError)
  expect(await counter.add(1)).toBe(1)
  class Broken {
    constructor() {
      throw new TypeError('never made')
    }
    ask(): number {
      return 1
    }
  }
  await expect(session.shoal.actor(Broken).ask()).rejects.toThrow('never made')
})

test('a generator is a stream that runs no further ahead than it is read', async () => {
  const counter = session.shoal.actor(Counter, { args: [0] })
  const seen: number[] = []
  for await (const value of counter.upTo(1_000_000)) {
    seen.push(value)
    if (seen.length === 1000) break
  }
  expect(seen).toEqual(Array.from({ length: 1000 }, (_, index) => index))
  const ahead = await counter.add(0)
  expect(ahead).toBeLessThan(1000 + 200)
  const whole: number[] = []
  for await (const value of counter.upTo(500)) whole.push(value)
  expect(whole).toHaveLength(500)
})

test('a stream throws what its generator throws, after what it gave', async () => {
  const counter = session.shoal.actor(Counter, { args: [0] })
  const seen: string[] = []
  const all = async () => {
    for await (const value of counter.failing()) seen.push(value)
  }
  await expect(all()).rejects.toThrow('two')
  expect(seen).toEqual(['one'])
})

test('tasks call actors that they captured or found by name', async () => {
  const { shoal } = session
  const hits = shoal.actor(Counter, { args: [0], name: 'hits' })
  const captured = task(async (by: number) => await hits.add(by))
  expect(await shoal.submit(captured, 5)).toBe(5)
  const found = task(async () => {
    const counter = await shoal.findActor<Counter>('hits')
    return await counter!.add(2)
  })
  expect(await shoal.submit(found)).toBe(7)
  expect(shoal.findActor('hits')).toBe(hits)
  expect(() => shoal.actor(Counter, { args: [0], name: 'hits' })).toThrow('lives')
  await shoal.control(hits).stop()
  expect(shoal.findActor('hits')).toBeUndefined()
  await expect(hits.add(1)).rejects.toMatchObject({ code: 'SHOAL_ACTOR_LOST' })
})

test('an actor that is lost with its worker fails what it was at, and is made again with its state', async () => {
  const { shoal } = session
  const kept = shoal.actor(Kept, { args: [0], restarts: 2 })
  expect(await kept.add(5)).toBe(5)
  await expect(kept.die()).rejects.toMatchObject({ code: 'SHOAL_ACTOR_LOST' })
  expect(await kept.add(1)).toBe(6)
  await expect(kept.exit()).rejects.toMatchObject({ code: 'SHOAL_ACTOR_LOST' })
  expect(await kept.add(1)).toBe(7)
  expect(shoal.control(kept).restarts).toBe(2)
  await expect(kept.die()).rejects.toMatchObject({ code: 'SHOAL_ACTOR_LOST' })
  await expect(kept.add(1)).rejects.toMatchObject({ code: 'SHOAL_ACTOR_LOST' })
  expect(shoal.control(kept).state).toBe('lost')
})

test('a blocked actor keeps no task waiting', async () => {
  const { shoal } = session
  class Blocked {
    /** Returns once there is such a file, and gives nobody else a turn until then. */
    block(path: string): boolean {
      const { existsSync } = process.getBuiltinModule('node:fs')
      while (!existsSync(path));
      return true
    }
  }
  const path = join(directory, 'go on')
  const blocking = shoal.actor(Blocked).block(path)
  let done = 0
  for (let index = 0; index < 20; index++) done += await shoal.submit((value: number) => value, 1)
  expect([done, blocking.state]).toEqual([20, 'running'])
  writeFileSync(path, '')
  expect(await blocking).toBe(true)
})

test('actors that wait for each other in a circle fail by it after a while; with concurrency they come back', async () => {
  const env = systemEnvironment()
  const shown: number[] = []
  // All but the time that a circle is given goes by as it does.
  const timers = {
    ...env.timers,
    after(ms: number, action: () => void, options?: { background?: boolean }) {
      if (ms === CIRCLE_MS) shown.push(ms)
      return env.timers.after(ms === CIRCLE_MS ? 100 : ms, action, options)
    },
  }
  const apart = await openTaskSession({ count: 2, threads: 1 }, {}, { ...env, timers })
  onTestFinished(() => apart.close())
  const { shoal } = apart
  class Partner {
    async ask(other: string, back: string, times: number): Promise<number> {
      if (times === 0) return 0
      const partner = (await shoal.findActor<Partner>(other)) as unknown as Partner
      return 1 + (await partner.ask(back, other, times - 1))
    }
  }
  const left = shoal.actor(Partner, { name: 'left' })
  shoal.actor(Partner, { name: 'right' })
  expect(await left.ask('right', 'left', 1)).toBe(1)
  expect(shown).toEqual([])
  await expect(left.ask('right', 'left', 2)).rejects.toMatchObject({ message: expect.stringContaining('"left"') })
  expect(shown).toEqual([CIRCLE_MS])
  const open = shoal.actor(Partner, { name: 'open', concurrency: 4 })
  shoal.actor(Partner, { name: 'also open', concurrency: 4 })
  expect(await open.ask('also open', 'open', 4)).toBe(4)
})
