import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine } from '../src/compute/engine.ts'
import { createShipper } from '../src/compute/ship/ship.ts'
import type { Shoal } from '../src/compute/shoal.ts'
import { createWorkerProcesses } from '../src/compute/worker-processes.ts'
import { workerPrograms } from '../src/compute/worker-program.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { figure } from './figures.ts'

const { clock } = systemEnvironment()
const ROUNDS = 15

/** The compute layer alone, on one worker process of two threads over its real connection; medians. */
export async function run(print: (line: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  const programs = await workerPrograms(join(directory, 'cache'))
  const { shoal } = await createEngine({
    env: systemEnvironment(),
    name: 'bench',
    pool: createWorkerProcesses({ count: 1, threads: 2 }),
    reach: { kind: 'unix', directory: join(directory, 's') },
    pipeline: programs.pipeline,
    shipper: createShipper(),
    onEvent: () => {},
    workerTimeoutMs: 20_000,
  })
  try {
    await measure(shoal, print)
    await measurePiscina(directory, print)
  } finally {
    await shoal.close()
    rmSync(directory, { recursive: true })
  }
}

const numbers = Array.from({ length: 100_000 }, (_, index) => index)
const strings = numbers.map((index) => `item ${index}`)

async function measure(shoal: Shoal, print: (line: string) => void): Promise<void> {
  const rate = async (what: string, count: number, work: () => Promise<unknown>, goal?: number) =>
    print(figure(what, await perSecond(count, work), '/s', goal === undefined ? {} : { goal }))
  const map = () => shoal.map(numbers, (item) => item + 1)
  await rate('shoal: map over 100,000 numbers', 100_000, map, 4_000_000)
  await rate('shoal: map over 100,000 strings', 100_000, () => shoal.map(strings, (item) => item.length))
  await rate('shoal: imap over 100,000 numbers', 100_000, async () => {
    let sum = 0
    for await (const result of shoal.imap(numbers, (item) => item + 1)) sum += result
    return sum
  })
  const empty = () => undefined
  await rate('shoal: map over one item, one at a time', 1000, async () => {
    for (let index = 0; index < 1000; index++) await shoal.map([index], empty)
  })
  // Each of its own: one array in many places would travel once.
  const mebibytes = Array.from({ length: 100 }, () => new Uint8Array(1 << 20))
  await rate('shoal: 1 MiB there and back, one for each of 100 items', 100, () =>
    shoal.map(mebibytes, (bytes) => bytes),
  )
}

async function measurePiscina(directory: string, print: (line: string) => void): Promise<void> {
  const { default: piscina } = await import('piscina')
  const filename = join(directory, 'add.mjs')
  writeFileSync(filename, 'export default (items) => items.map((item) => item + 1)')
  const pool = new piscina.Piscina({ filename, minThreads: 2, maxThreads: 2 })
  const byHand = async () => {
    const chunks = Array.from({ length: 100 }, (_, index) => numbers.slice(index * 1000, (index + 1) * 1000))
    return (await Promise.all(chunks.map((chunk) => pool.run(chunk)))).flat()
  }
  print(figure('piscina: the same numbers, 100 batches by hand', await perSecond(100_000, byHand), '/s'))
  await pool.destroy()
}

async function perSecond(count: number, work: () => Promise<unknown>): Promise<readonly number[]> {
  await work()
  const rates: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const started = clock.monotonicMs()
    await work()
    rates.push((count / (clock.monotonicMs() - started)) * 1000)
  }
  return rates
}
