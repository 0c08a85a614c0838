import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { task } from '../src/compute/task/task.ts'
import { openSession } from './calls.ts'
import { figure } from './figures.ts'

const ROUNDS = 9

type Print = (line: string) => void

const empty = task(() => undefined)

/** How long a task is away whose worker is killed, with another worker that has nothing to do. */
export async function run(print: Print): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  try {
    await measureLoss(directory, print)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A worker is killed while it runs a task, and another has nothing to do. */
async function measureLoss(directory: string, print: Print): Promise<void> {
  const { shoal, pool } = await openSession(directory, { count: 2, threads: 1 })
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const path = join(directory, `pid-${round}`)
    const running = shoal.submit(async (file: string) => {
      const { existsSync, writeFileSync: write } = await import('node:fs')
      if (existsSync(file)) return Date.now()
      write(file, String(process.pid))
      return await new Promise<number>(() => {})
    }, path)
    while (!isWritten(path)) await shoal.submit(empty)
    await Promise.all(Array.from(pool.running.values(), () => shoal.submit(empty)))
    const killedMs = Date.now()
    process.kill(Number(readFileSync(path, 'utf8')), 'SIGKILL')
    times.push((await running) - killedMs)
    while (pool.running.size < 2) await shoal.submit(empty)
    // The new one is at rest before the next is killed.
    await sleep(500)
  }
  print(figure('shoal: worker killed, until its task runs on a spare', times, 'ms', { target: 200 }))
  print(
    '  which is the end of its connection, a loss that is recorded, and the task sent once more; clocks tell whole milliseconds',
  )
  await shoal.close()
}

function isWritten(path: string): boolean {
  try {
    return readFileSync(path, 'utf8') !== ''
  } catch {
    return false
  }
}
