import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSession } from '../dataset/session.fixture.ts'
import { NODE_FLAGS } from '../pods/worker-job.ts'
import { WORKER_VARIABLES } from '../wire/worker-variables.ts'
import { createWorkerProcesses } from '../worker-processes.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-full-'))
const larger = mkdtempSync(join(tmpdir(), 'shoal-full-'))
const mount = (size: string, to: string) =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'shoal-test', to]).status === 0
const mounted = mount('512k', directory) && mount('30m', larger)
if (!mounted) console.warn('A full disk is not tried: it takes the right to mount small ones')
afterAll(() => {
  for (const each of [directory, larger]) {
    spawnSync('umount', ['-l', each])
    rmSync(each, { recursive: true, force: true })
  }
})

/** Files of shuffles that workers keep; their sockets stay. */
const leftIn = (where: string) =>
  readdirSync(where, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== 's')

test.skipIf(!mounted)(
  'a full disk fails a shuffle by name, leaves nothing behind, and smaller ones work after it',
  async () => {
    await using session = await openSession({ variables: { SHOAL_SCRATCH: directory } })
    const records = (count: number) =>
      session.shoal
        .dataset([0, 1, 2, 3])
        .flatMap((n) => Array.from({ length: count }, (_, at) => `${n} ${at} ${'x'.repeat(50)}`))
    const failing = records(20_000)
      .groupBy((text) => text.length)
      .count()
    await expect(failing).rejects.toMatchObject({ code: 'SHOAL_SCRATCH_FULL' })
    await expect(records(20_000).sort().count()).rejects.toMatchObject({ code: 'SHOAL_SCRATCH_FULL' })
    await expect.poll(() => leftIn(directory).length).toBe(0)
    expect(await records(100).distinct().count()).toBe(400)
  },
)

test.skipIf(!mounted)('a full disk fails what is written by name, and nothing is there after it', async () => {
  await using session = await openSession()
  const to = join(directory, 'out')
  const lines = (count: number) =>
    session.shoal.dataset([0, 1, 2, 3]).flatMap(() => Array.from({ length: count }, () => 'x'.repeat(99)))
  const failing = lines(5000).writeText(to)
  await expect(failing).rejects.toMatchObject({
    code: 'SHOAL_UNWRITABLE',
    message: expect.stringContaining('the disk is full'),
  })
  expect(readdirSync(directory).filter((name) => name.includes('out'))).toEqual([])
  expect((await lines(500).writeText(to)).rows).toBe(2000)
})

test.skipIf(!mounted)(
  'a disk that is full while a shuffle is read fails by name, and leaves nothing behind',
  async () => {
    // Parts have room, what goes to disk of them again for want of memory has none.
    const variables = { SHOAL_SCRATCH: larger, [WORKER_VARIABLES.threadHeapMiB]: '64' }
    const pool = createWorkerProcesses({ count: 1, threads: 1, nodeFlags: NODE_FLAGS, variables })
    await using session = await openSession({ pool })
    const records = (count: number) =>
      session.shoal
        .dataset([0, 1, 2, 3])
        .flatMap((n) => Array.from({ length: count }, (_, at) => ({ n: n * count + at, text: ''.padEnd(1000) })))
    const counted = (count: number) =>
      records(count)
        .mapGroups(
          () => 'one',
          (_, all) => Array.from(all, ({ n }) => n).length,
        )
        .collect()
    const full = { code: 'SHOAL_SCRATCH_FULL', message: expect.stringContaining('the disk is full') }
    await expect(counted(6000)).rejects.toMatchObject(full)
    await expect.poll(() => leftIn(larger).length).toBe(0)
    await expect(
      records(6000)
        .sort(({ n }) => -n)
        .count(),
    ).rejects.toMatchObject(full)
    await expect.poll(() => leftIn(larger).length).toBe(0)
    expect(await counted(3000)).toEqual([12_000])
  },
)
