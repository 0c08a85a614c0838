import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openTaskSession } from './session.fixture.ts'
import type { TaskTestSession } from './session.fixture.ts'
import { task } from './task.ts'

let session: TaskTestSession

beforeAll(async () => {
  session = await openTaskSession({ count: 1, threads: 2 })
})

afterAll(() => session.close())

const MEBIBYTE = 1 << 20
const echo = task((value: unknown) => value)

/** What of this process is in shared memory and not free to be written again. */
function kept(): readonly string[] {
  const root = '/dev/shm'
  const mine = readdirSync(root).filter((name) => name.startsWith(`shoal-memory-${process.pid}-`))
  return mine.flatMap((name) => readdirSync(`${root}/${name}`)).filter((name) => !name.endsWith('.free'))
}

/** A worker is told that nobody needs a file any more; that takes its time on a busy machine. */
const nothingKept = () => vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 10_000 })

test('a large value goes there and back, and leaves nothing behind', async () => {
  const bytes = new Uint8Array(MEBIBYTE).map((_, index) => index)
  expect(await session.shoal.submit(echo, bytes)).toEqual(bytes)
  const list = Array.from({ length: 100_000 }, (_, index) => ({ index }))
  expect(await session.shoal.submit(echo, list)).toEqual(list)
  await nothingKept()
})

test('a large result is the argument of several calls, before and after the program has looked at it', async () => {
  const { shoal } = session
  const sum = task((bytes: Uint8Array, seed: number) => bytes.reduce((left, right) => left + right, seed))
  const made = shoal.submit(() => new Uint8Array(1 << 20).fill(1))
  const before = [shoal.submit(sum, made, 0), shoal.submit(sum, made, 1)]
  expect(await Promise.all(before)).toEqual([MEBIBYTE, MEBIBYTE + 1])
  expect(await made).toHaveLength(MEBIBYTE)
  expect(await shoal.submit(sum, made, 2)).toBe(MEBIBYTE + 2)
  await nothingKept()
})

test('files of one size after another hold what was written last', async () => {
  for (const size of [3 * MEBIBYTE, MEBIBYTE, 2 * MEBIBYTE, MEBIBYTE + 1]) {
    const bytes = new Uint8Array(size).fill(size % 251)
    expect(await session.shoal.submit(echo, bytes)).toEqual(bytes)
  }
})

/** In a view of the file system of its own, with shared memory of a megabyte: as in containers, which often have little. */
const LITTLE = 'mount -t tmpfs -o size=1m none /dev/shm && exec "$@"'
const inLittle = (...command: readonly string[]) =>
  spawnSync('unshare', ['--mount', '/bin/sh', '-c', LITTLE, 'sh', ...command], { encoding: 'utf8' })
const mayUnshare = inLittle('true').status === 0

test.skipIf(!mayUnshare)('values for which shared memory has no room travel with their frames', () => {
  const program = new URL('../fixtures/little-shared-memory.ts', import.meta.url).pathname
  const { stdout, stderr } = inLittle(process.execPath, '--no-warnings', program)
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({ bytes: 4 * MEBIBYTE, right: true, summed: 3 * (1 << 19) })
})

test('a result of a gibibyte arrives whole', async () => {
  const made = session.shoal.submit(() => {
    const bytes = new Uint8Array(2 ** 30)
    bytes[2 ** 30 - 1] = 7
    return bytes
  })
  const bytes = await made
  expect([bytes.byteLength, bytes.at(-1)]).toEqual([2 ** 30, 7])
})
