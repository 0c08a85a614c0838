import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NODE_FLAGS } from '../pods/worker-job.ts'
import { WORKER_VARIABLES } from '../wire/worker-variables.ts'
import { createWorkerProcesses } from '../worker-processes.ts'
import { openSession } from './session.fixture.ts'
import type { Dataset } from './dataset.ts'

/** Records of a hundred characters; the second amount has to go through in little more memory than the first. */
const [FEW, MANY] = [600_000, 1_800_000]
const megabytes = ((MANY - FEW) * 100) / 1e6
/** What is collected late makes peaks differ by some 60 MB from one time to the next; what were kept would be more than all of the records. */
const LEAST_GROWTH = megabytes * 0.9

const numberAt = (at: number) => `${(Math.floor(at / 1000) * 7919 + (at % 1000) * 104_729) % 1_000_003}`

/** The same by a loop. */
function restOf(count: number) {
  const numbers = Array.from({ length: count }, (_, at) => numberAt(at))
  const least = numbers.reduce((a, b) => (a < b ? a : b))
  const next = numbers.reduce((a, b) => (b !== least && (a === '' || b < a) ? b : a), '')
  const second = numbers.indexOf(least) === numbers.lastIndexOf(least) ? next : least
  return {
    first: [least, second].map((text) => text.padEnd(100)),
    highest: [numbers.reduce((most, text) => Math.max(most, Number(text)), 0)],
    isSampled: true,
    indexes: (count * (count - 1)) / 2,
    again: count,
  }
}

const peakMb = () => process.resourceUsage().maxRSS / 1000

/** As in a pod with a limit of memory: a thread whose heap outgrows this ends, which is a loss. */
const oneWorker = () =>
  createWorkerProcesses({
    count: 1,
    threads: 1,
    nodeFlags: NODE_FLAGS,
    variables: { [WORKER_VARIABLES.threadHeapMiB]: '96' },
  })

/** Much is written and read: on a busy machine that takes a while. */
const TIMEOUT_MS = 300_000

test(
  'sorting, grouping, writing, reading back and all else take memory that does not grow with the records',
  { timeout: TIMEOUT_MS },
  async () => {
    await using session = await openSession({ pool: oneWorker() })
    const { shoal, directory } = session
    const generated = (count: number): Dataset<string> =>
      shoal
        .dataset(Array.from({ length: count / 1000 }, (_, part) => part))
        .flatMap((part) => Array.from({ length: 1000 }, (_, at) => numberAt(part * 1000 + at).padEnd(100)))
    const all = async (count: number) => {
      const records = generated(count)
      const { rows } = await records.sort().writeText(join(directory, `sorted-${count}`))
      const groups = await records
        .groupBy((text) => text.slice(0, 5))
        .map(([, own]) => own.length)
        .reduce((a, b) => a + b)
      const read = await shoal
        .files(join(directory, `sorted-${count}`, '*'))
        .lines()
        .count()
      return [rows, groups, read, await rest(count)]
    }
    /** The operators and results that keep all records on disk, or few of them in memory. */
    const rest = async (count: number) => {
      const lines = shoal.files(join(directory, `sorted-${count}`, '*')).lines()
      const indexed = lines.zipWithIndex().map(([, index]) => index)
      const sampled = await lines.sample(0.01, { seed: 1 }).count()
      return {
        first: await lines.take(2),
        highest: await lines.map(Number).top(1, (n) => n),
        isSampled: Math.abs(sampled - count / 100) < count / 500,
        indexes: await indexed.reduce((a, b) => a + b),
        again: await lines.repartition(8).count(),
      }
    }
    const expected = (count: number) => [count, count, count, restOf(count)]
    const peaks = async () => {
      const [worker = 0] = await shoal.map([0], () => process.resourceUsage().maxRSS / 1000)
      return { worker, driver: peakMb() }
    }
    expect(await all(FEW)).toEqual(expected(FEW))
    const before = await peaks()
    expect(await all(MANY)).toEqual(expected(MANY))
    const after = await peaks()
    expect(after.worker - before.worker).toBeLessThan(LEAST_GROWTH)
    expect(session.events.filter(({ type }) => type === 'loss')).toEqual([])
    expect(after.driver - before.driver).toBeLessThan(LEAST_GROWTH)
  },
)

test(
  'records stream through the driver in memory that does not grow with them, both ways',
  { timeout: TIMEOUT_MS },
  async () => {
    await using session = await openSession({ pool: oneWorker() })
    const source = function* (count: number) {
      for (let at = 0; at < count; at++) yield `${at}`.padEnd(100)
    }
    const through = async (count: number) => {
      let seen = 0
      for await (const _ of session.shoal
        .dataset(source(count))
        .map((text) => `${text}.`)
        .iterate())
        seen++
      return seen
    }
    expect(await through(FEW)).toBe(FEW)
    const before = peakMb()
    expect(await through(MANY)).toBe(MANY)
    expect(peakMb() - before).toBeLessThan(LEAST_GROWTH)
  },
)
