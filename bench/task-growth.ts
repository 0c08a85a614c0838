import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Shoal } from '../src/compute/shoal.ts'
import { task } from '../src/compute/task/task.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { measureCalls, openSession } from './calls.ts'
import { figure } from './figures.ts'

const { clock } = systemEnvironment()

type Print = (line: string) => void

const empty = task(() => undefined)
const echo = task((value: unknown) => value)

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
  print(figure(`shoal: map over ${count.toLocaleString('en')} numbers`, rates, '/s'))
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
