import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { LogRequest } from '../runtime.ts'
import { createLogFollowers, followSource } from './log-following.ts'
import { readLog } from './log-reader.ts'
import type { LogSource } from './log-reader.ts'
import { createLogWriter } from './spawner/log-writer.ts'

/** A log that holds two lines a file, written to at one second after the other from midnight of 2026 on. */
function openLog(maxFiles: number) {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'log-test-'))
  const file = path.join(directory, '0.log')
  const followers = createLogFollowers(async () => undefined)
  let seconds = 0
  let hasEnded = false
  const time = () => `2026-01-01T00:00:${String(seconds++).padStart(2, '0')}.000000000Z`
  const wake = () => followers.wake('one')
  const writer = createLogWriter({ path: file, maxBytes: 80, maxFiles }, time, wake)
  const source = followSource(file, followers, 'one', () => hasEnded)
  return {
    source,
    names: () => readdirSync(directory).toSorted(),
    write: (line: string) => writer.write('stdout', Buffer.from(line)),
    end() {
      writer.close()
      hasEnded = true
      wake()
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  }
}

async function linesOf(source: LogSource, request: LogRequest): Promise<string> {
  const lines: string[] = []
  for await (const { bytes } of readLog(source, request)) lines.push(Buffer.from(bytes).toString().trimEnd())
  return lines.join(' ')
}

test('log rotation: no more files are kept than allowed, and their lines are read in order', async () => {
  using log = openLog(3)
  for (let i = 1; i <= 9; i++) log.write(`line${i}\n`)
  log.end()
  expect(log.names()).toEqual(['0.log', '0.log.1', '0.log.2'])
  expect(await linesOf(log.source, {})).toBe('line5 line6 line7 line8 line9')
})

test('log rotation: a tail goes over several files, and one larger than the log is all of it', async () => {
  using log = openLog(5)
  for (let i = 1; i <= 7; i++) log.write(`line${i}\n`)
  log.end()
  expect(await linesOf(log.source, { tailLines: 4 })).toBe('line4 line5 line6 line7')
  expect(await linesOf(log.source, { tailLines: 1 })).toBe('line7')
  expect(await linesOf(log.source, { tailLines: 0 })).toBe('')
  expect(await linesOf(log.source, { tailLines: 100 })).toBe('line1 line2 line3 line4 line5 line6 line7')
})

test('log reading: only lines from the time on are given, and a tail counts none that are older', async () => {
  using log = openLog(5)
  for (let i = 1; i <= 6; i++) log.write(`line${i}\n`)
  log.end()
  const sinceMs = Date.parse('2026-01-01T00:00:03Z')
  expect(await linesOf(log.source, { sinceMs })).toBe('line4 line5 line6')
  expect(await linesOf(log.source, { sinceMs, tailLines: 2 })).toBe('line5 line6')
  expect(await linesOf(log.source, { sinceMs, tailLines: 5 })).toBe('line4 line5 line6')
})

test('log following: a reader loses no line when the log is rotated under it', async () => {
  using log = openLog(20)
  log.write('line1\n')
  const seen: string[] = []
  for await (const { bytes } of readLog(log.source, { follow: true })) {
    seen.push(Buffer.from(bytes).toString().trimEnd())
    const next = seen.length + 1
    if (next <= 9) log.write(`line${next}\n`)
    else log.end()
  }
  expect(seen.join(' ')).toBe('line1 line2 line3 line4 line5 line6 line7 line8 line9')
})

test('log following: a burst of several files while the reader is away is read to its end', async () => {
  using log = openLog(20)
  log.write('line1\n')
  const seen: string[] = []
  for await (const { bytes } of readLog(log.source, { follow: true })) {
    seen.push(Buffer.from(bytes).toString().trimEnd())
    if (seen.length > 1) continue
    for (let i = 2; i <= 9; i++) log.write(`line${i}\n`)
    log.end()
  }
  expect(seen.join(' ')).toBe('line1 line2 line3 line4 line5 line6 line7 line8 line9')
})
