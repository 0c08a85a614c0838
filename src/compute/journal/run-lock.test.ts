import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { beginningOf, isAlive } from '../worker/scratch.ts'
import { lockRun } from './run-lock.ts'

const root = mkdtempSync(join(tmpdir(), 'shoal-lock-'))
afterAll(() => rmSync(root, { recursive: true }))

/** A run whose lock says that. */
function lockedBy(name: string, text: string): string {
  const directory = join(root, name)
  mkdirSync(directory)
  writeFileSync(join(directory, 'driver'), text)
  return directory
}

function started(...command: readonly string[]): ChildProcess {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

test('a run has one driver at a time, and is free when that gives it up', () => {
  const directory = join(root, 'free')
  const release = lockRun(directory, 'free')
  expect(readFileSync(join(directory, 'driver'), 'utf8').split(' ')[0]).toBe(String(process.pid))
  release()
  expect(existsSync(join(directory, 'driver'))).toBe(false)
})

test('a driver that lives keeps its run', () => {
  const { pid = 0 } = started('sleep', '60')
  const directory = lockedBy('kept', `${pid} ${beginningOf(pid) ?? ''}`)
  expect(() => lockRun(directory, 'kept')).toThrow(`process ${pid} runs under that name already`)
})

test.skipIf(process.platform !== 'linux')(
  'a process that has the id of a driver that was killed is not that driver',
  () => {
    const { pid = 0 } = started('sleep', '60')
    const directory = lockedBy('reused', `${pid} ${Number(beginningOf(pid)) - 1}`)
    expect(lockRun(directory, 'reused')).toBeTypeOf('function')
  },
)

test.skipIf(process.platform !== 'linux')(
  'a driver that was killed and that nobody has waited for is gone',
  async () => {
    // The one becomes a program that waits for nobody, once it has started the other.
    const parent = started('sh', '-c', 'sleep 60 & echo $!; exec sleep 60')
    const [output] = (await new Promise((resolve) => parent.stdout!.once('data', (data) => resolve([data])))) as [
      Buffer,
    ]
    const pid = Number(output.toString())
    await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8'), { timeout: 20_000 }).toBe('sleep\n')
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false)
    expect(process.kill(pid, 0)).toBe(true)
    expect(lockRun(lockedBy('killed', `${pid} ${beginningOf(pid) ?? ''}`), 'killed')).toBeTypeOf('function')
  },
)
