import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Shoal } from '../src/compute/shoal.ts'
import { task } from '../src/compute/task/task.ts'
import { decodeValues, encodeValues } from '../src/compute/wire/values.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { measureCalls, openSession } from './calls.ts'
import { figure, median } from './figures.ts'

const { clock } = systemEnvironment()

type Print = (line: string) => void

const empty = task(() => undefined)
const echo = task((value: unknown) => value)

const EXPLANATION = [
  'The limit of a map is packing and unpacking its items on one core. What takes the rest: the first chunks have few items, until it is',
  'known how long these take, and each chunk is a frame, a hop to the thread and back, and a commit; two threads share the work.',
  'Tasks submitted at once are held as records until they are sent: their number is the bound, not the workers. 64 worker processes share',
  'two cores, and the driver has a frame from each of them. Values that fill shared memory beyond the caches go at the speed of memory.',
]

/** Growth with the number of tasks, of items, of bytes in each and of workers. */
export async function run(print: Print): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  try {
    const { shoal } = await openSession(directory, { count: 1, threads: 2 })
    await Promise.all(Array.from({ length: 10_000 }, () => shoal.submit(empty)))
    for (const count of [10_000, 100_000, 1_000_000]) await atOnce(shoal, count, print)
    for (const count of [10_000, 100_000, 1_000_000]) await mapOver(shoal, count, print)
    for (const kibibytes of [1, 16, 256, 4096, 65_536]) await thereAndBack(shoal, kibibytes, print)
    await shoal.close()
    for (const workers of [1, 8, 64]) await measureWorkers(workers, directory, print)
    for (const line of EXPLANATION) print(line)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Growth with the number of worker processes of one thread: on two cores more of them are only more to talk to. */
async function measureWorkers(workers: number, directory: string, print: Print): Promise<void> {
  const { shoal } = await openSession(directory, { count: workers, threads: 1 })
  const count = 100_000
  const all = async () => void (await Promise.all(Array.from({ length: count }, () => shoal.submit(empty))))
  await all()
  const began = clock.monotonicMs()
  await all()
  print(
    figure(`shoal: ${workers} worker processes, empty tasks`, [(count / (clock.monotonicMs() - began)) * 1000], '/s'),
  )
  await shoal.close()
}

/** Growth: all calls submitted before the first is awaited. */
async function atOnce(shoal: Shoal, count: number, print: Print): Promise<void> {
  const began = clock.monotonicMs()
  const futures = Array.from({ length: count }, () => shoal.submit(empty))
  await Promise.all(futures)
  print(figure(`shoal: ${count.toLocaleString('en')} tasks submitted at once`, [clock.monotonicMs() - began], 'ms'))
}

/** Growth: items of one map. */
async function mapOver(shoal: Shoal, count: number, print: Print): Promise<void> {
  const items = Array.from({ length: count }, (_, index) => index)
  const rates: number[] = []
  for (let round = 0; round < 4; round++) {
    const began = clock.monotonicMs()
    await shoal.map(items, (item) => item + 1)
    if (round > 0) rates.push((count / (clock.monotonicMs() - began)) * 1000)
  }
  const against = count === 100_000 ? { goal: 4_000_000, raw: packedPerSecond(items) } : {}
  print(figure(`shoal: map over ${count.toLocaleString('en')} numbers`, rates, '/s', against))
}

/** The raw limit of a map: how many items a second are packed and unpacked on the way there and back, on one core, and no more. */
function packedPerSecond(items: readonly number[]): number {
  const rates = Array.from({ length: 5 }, () => {
    const began = clock.monotonicMs()
    const there = decodeValues(encodeValues(items))
    decodeValues(encodeValues(there.map((item) => (item as number) + 1)))
    return (items.length / (clock.monotonicMs() - began)) * 1000
  })
  return median(rates)
}

/** Growth: bytes of each value; four in flight, some 256 MiB a round. */
async function thereAndBack(shoal: Shoal, kibibytes: number, print: Print): Promise<void> {
  const value = new Uint8Array(kibibytes << 10).fill(7)
  const count = Math.max(4, Math.min(5000, (256 << 10) / kibibytes))
  const { rates } = await measureCalls(
    count,
    4,
    () => shoal.submit(echo, value),
    () => [process.pid],
  )
  const mebibytes = rates.map((rate) => (rate * kibibytes) / 1024)
  print(figure(`shoal: ${kibibytes.toLocaleString('en')} KiB there and back, 4 in flight`, mebibytes, 'MiB/s'))
}
