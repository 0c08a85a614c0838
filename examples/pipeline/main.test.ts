import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { linesOf } from '../run-example.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-pipeline-example-'))
afterAll(() => rmSync(directory, { recursive: true }))

test('a pipeline whose program was killed in the middle goes on from there, and makes nothing twice', async () => {
  await expect(linesOf('pipeline', directory, 'crash')).rejects.toMatchObject({
    stdout: expect.stringContaining('barbara'),
  })
  const [, ...outcomes] = await linesOf('pipeline', directory)
  expect(outcomes).toEqual([
    'names: cached',
    'lengths: cached',
    'shouted: cached',
    'lines: ran',
    'warning: skipped',
    'ADA 3, GRACE 5, BARBARA 7',
  ])
  expect((await linesOf('pipeline', directory)).at(4)).toBe('lines: cached')
})
