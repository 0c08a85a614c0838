import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { describeEnd, LOG_LINES } from './pod-loss.ts'

const at = { startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:01Z' }

test('a process whose heap was full is told from one that was aborted', () => {
  const program = 'const held = []; for (;;) held.push(Array.from({ length: 1000 }, () => ({})))'
  const { stderr } = spawnSync(process.execPath, ['--max-old-space-size=16', '-e', program], { encoding: 'utf8' })
  const lines = stderr.trimEnd().split('\n').slice(-LOG_LINES)
  expect(describeEnd({ ...at, exitCode: 134, reason: 'Error' }, lines)).toMatchObject({
    reason: "ran out of memory: JavaScript's heap was full",
    outOfMemory: true,
    signal: 'SIGABRT',
  })
  expect(describeEnd({ ...at, exitCode: 134, reason: 'Error' }, ['assertion failed'])).toMatchObject({
    reason: 'was killed by SIGABRT',
    outOfMemory: false,
  })
})

test('what the kernel killed for memory is told as such', () => {
  const end = describeEnd({ ...at, exitCode: 137, reason: 'OOMKilled' }, [])
  expect(end).toMatchObject({ reason: 'ran out of memory', outOfMemory: true, signal: 'SIGKILL', exitCode: 137 })
})
