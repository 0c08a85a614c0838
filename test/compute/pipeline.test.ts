import { readdirSync, mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobs } from '../../src/api/generated/resources.ts'
import type { Client } from '../../src/client/client.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import { createCompute } from '../../src/compute/session.ts'
import type { Shoal } from '../../src/compute/shoal.ts'
import { systemEnvironment } from '../../src/env/system.ts'

const image = `node:${process.versions.node.split('.')[0]}`
const folder = mkdtempSync(join(tmpdir(), 'pipeline-'))

let cluster: { readonly client: Client } & AsyncDisposable
let shoal: Shoal

beforeAll(async () => {
  cluster = await createCluster()
  const env = systemEnvironment()
  const reach = { kind: 'unix', directory: folder } as const
  shoal = await createCompute({
    client: cluster.client,
    env,
    namespace: 'default',
    reach,
    image,
    workers: { threads: 2 },
  })
})

afterAll(async () => {
  await shoal.close()
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

let runs = 0
const fresh = () => ({ directory: join(folder, `artifacts-${++runs}`) })
const outcomes = (result: { readonly steps: readonly { readonly name: string; readonly outcome: string }[] }) =>
  Object.fromEntries(result.steps.map(({ name, outcome }) => [name, outcome]))

test('steps run with what those before them made, and a second run makes nothing anew', async () => {
  const options = fresh()
  const declare = (factor: number) => {
    const pipeline = shoal.pipeline('sums', options)
    const numbers = pipeline.step('numbers', () => [1, 2, 3])
    const scaled = pipeline.forEach('scaled', numbers, (n) => n * factor)
    const total = pipeline.step('total', [numbers, scaled], ([plain, big]) => {
      return [...plain, ...big].reduce((sum, n) => sum + n, 0)
    })
    return { pipeline, total }
  }
  const first = declare(10)
  const ran = await first.pipeline.run()
  expect(ran.value(first.total)).toBe(66)
  expect(outcomes(ran)).toEqual({ numbers: 'ran', scaled: 'ran', total: 'ran' })

  const second = declare(10)
  const cached = await second.pipeline.run()
  expect(cached.value(second.total)).toBe(66)
  expect(outcomes(cached)).toEqual({ numbers: 'cached', scaled: 'cached', total: 'cached' })

  // Another captured value is another function: it runs again, and so does what depends on what it made.
  const third = declare(100)
  const changed = await third.pipeline.run()
  expect(changed.value(third.total)).toBe(606)
  expect(outcomes(changed)).toEqual({ numbers: 'cached', scaled: 'ran', total: 'ran' })
})

test('a step that makes the same as before from other code leaves what follows as it is', async () => {
  const options = fresh()
  const declare = (first: () => number) => {
    const pipeline = shoal.pipeline('same', options)
    const start = pipeline.step('start', first)
    pipeline.step('end', start, (n) => n + 1)
    return pipeline
  }
  await declare(() => 2 + 2).run()
  expect(outcomes(await declare(() => 2 * 2).run())).toEqual({ start: 'ran', end: 'cached' })
})

test('a condition that is false skips the step and all that needs it', async () => {
  const pipeline = shoal.pipeline('conditions', fresh())
  const count = pipeline.step('count', () => 0)
  const report = pipeline.step('report', count, (n) => `${n} found`, { when: (n) => n > 0 })
  const mail = pipeline.step('mail', report, (text) => text.length)
  const log = pipeline.step('log', count, (n) => n + 1)
  const result = await pipeline.run()
  expect(outcomes(result)).toEqual({ count: 'ran', report: 'skipped', mail: 'skipped', log: 'ran' })
  expect([result.value(mail), result.value(log)]).toEqual([undefined, 1])
})

test('what succeeded beside a step that fails is kept, item by item, for the next run', async () => {
  const options = fresh()
  const declare = (bad: number) => {
    const pipeline = shoal.pipeline('halves', options)
    const items = pipeline.step('items', () => [2, 3, 4])
    const half = (n: number) => {
      if (n === bad) throw new RangeError(`${n} is odd`)
      return n / 2
    }
    const halves = pipeline.forEach('halves', items, half)
    pipeline.step('after', halves, (all) => all.length)
    return pipeline
  }
  await expect(declare(3).run()).rejects.toMatchObject({
    code: 'SHOAL_STEP_FAILED',
    message: expect.stringContaining('Cannot run step "halves" of pipeline "halves": 3 is odd'),
    facts: { failed: ['halves'] },
    hint: expect.stringContaining('1 of 3 steps are kept'),
    cause: expect.any(RangeError),
  })
  const again = await declare(3)
    .run()
    .catch((error: unknown) => error)
  expect(again).toBeInstanceOf(Error)
  const mended = await declare(-1).run()
  expect(outcomes(mended)).toEqual({ items: 'cached', halves: 'ran', after: 'ran' })
})

test('items that were made before are not made again', async () => {
  const options = fresh()
  const square = (n: number) => n * n
  const declare = (all: readonly number[]) => {
    const pipeline = shoal.pipeline('squares', options)
    pipeline.forEach(
      'squares',
      pipeline.step('items', () => [...all]),
      square,
    )
    return pipeline
  }
  await declare([1, 2]).run()
  const { steps } = await declare([1, 2, 3]).run()
  expect(steps.find(({ name }) => name === 'squares')).toMatchObject({ outcome: 'ran', cachedItems: 2 })
})

test('containers are steps, and the job of a program that died is gone on with', async () => {
  const options = fresh()
  const declare = () => {
    const pipeline = shoal.pipeline('render pages', options)
    const names = pipeline.step('names', () => ['a', 'b'])
    const command = ['sh', '-c', 'tr a-z A-Z < "$SHOAL_INPUT" > "$SHOAL_OUTPUT/page"']
    const pages = pipeline.container('pages', names, { image, command, collect: true })
    const text = pipeline.step('text', pages, (all) =>
      all.map(({ files }) => String.fromCharCode(...files.get('page')!)),
    )
    return { pipeline, text }
  }
  const first = declare()
  const result = await first.pipeline.run()
  expect(result.value(first.text)).toEqual(['A', 'B'])
  const before = await jobNames()

  // As after a death between the job's end and its result being kept: nothing but the functions' results is there.
  for (const file of readdirSync(options.directory, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) truncateSync(join(file.parentPath, file.name), 0)
  }
  const second = declare()
  const resumed = await second.pipeline.run()
  expect(resumed.value(second.text)).toEqual(['A', 'B'])
  expect(outcomes(resumed)).toEqual({ names: 'ran', pages: 'ran', text: 'ran' })
  expect(await jobNames()).toEqual(before)

  async function jobNames(): Promise<readonly (string | undefined)[]> {
    const { items } = await cluster.client.list(jobs)
    return items.map(({ metadata }) => metadata.name).filter((name) => name?.startsWith('render-pages-pages-'))
  }
})

test('a step is refused where its name is taken, its input is another pipeline’s, or its items are none', async () => {
  const pipeline = shoal.pipeline('one', fresh())
  const other = shoal.pipeline('two', fresh()).step('elsewhere', () => 1)
  const here = pipeline.step('here', () => 1)
  expect(() => pipeline.step('here', () => 2)).toThrow('there is one of that name')
  expect(() => pipeline.step('there', other, (n) => n)).toThrow('its input "elsewhere" is a step of another pipeline')
  // @ts-expect-error Items come from a step that makes an array.
  pipeline.forEach('each', here, (n) => n)
  await expect(pipeline.run()).rejects.toThrow('its input is a number, expected an array')
})
