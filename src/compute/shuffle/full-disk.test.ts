import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSession } from '../dataset/session.fixture.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-full-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'shoal-test', directory]).status === 0
if (!mounted) console.warn('A full disk is not tried: it takes the right to mount one of half a megabyte')
afterAll(() => {
  if (mounted) spawnSync('umount', ['-l', directory])
  rmSync(directory, { recursive: true, force: true })
})

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
    const left = () =>
      readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
        (entry) => entry.isFile() && entry.name !== 's',
      )
    await expect.poll(() => left().length).toBe(0)
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
