import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../../src/connect/connect.ts'
import { task } from '../../src/compute/task/task.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-away-'))
const kubeconfig = join(directory, 'kubeconfig')
const program = new URL('../../src/cli/main.ts', import.meta.url).pathname
const up = ['up', '--in-memory', '--port', '0', '--kubeconfig', kubeconfig]
let cluster: ReturnType<typeof spawn>

beforeAll(async () => {
  const args = ['--disable-warning=ExperimentalWarning', program, ...up]
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  cluster = started
  // Ready with its nodes: from these it is known that pods are processes of this machine.
  await new Promise<void>((resolve) => {
    started.stderr.setEncoding('utf8').on('data', (text: string) => text.includes('ready in') && resolve())
  })
})
afterAll(async () => {
  const ended = once(cluster, 'exit')
  cluster.kill('SIGCONT')
  cluster.kill('SIGTERM')
  await ended
  rmSync(directory, { recursive: true })
})

test('a run goes on while the API server does not answer, and ends in order when it does again', async () => {
  await using shoal = await connect({ kubeconfig, workers: { threads: 1, cpu: '100m' }, onEvent: () => {} })
  const slow = task(async (n: number) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return n * n
  })
  const numbers = Array.from({ length: 150 }, (_, n) => n)
  const futures = numbers.map((n) => shoal.submit(slow, n))
  await shoal.wait(futures, { count: 5 })
  cluster.kill('SIGSTOP')
  try {
    // What is submitted while nobody answers is done as well.
    expect(await Promise.all(futures)).toEqual(numbers.map((n) => n * n))
    expect(await shoal.map(numbers, (n) => n + 1)).toEqual(numbers.map((n) => n + 1))
  } finally {
    cluster.kill('SIGCONT')
  }
  expect(await shoal.submit(slow, 3)).toBe(9)
})
