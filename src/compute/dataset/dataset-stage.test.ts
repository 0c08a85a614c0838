import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { decodeValue } from '../wire/values.ts'
import { datasetStage } from './dataset-stage.ts'
import { findFiles } from './inputs.ts'
import { readTexts } from './read-texts.ts'
import type { TextTask } from './text-range.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-stage-'))
afterAll(() => rmSync(directory, { recursive: true }))

const stageOver = (pattern: string) =>
  datasetStage(
    {
      name: 'collect',
      input: { files: findFiles([join(directory, pattern)]), blockBytes: 1000, recordBytes: 1000 },
      operators: [],
      sink: { kind: 'collect' },
    },
    { hash: 'h', source: '' },
    { result: () => {}, part: () => {}, progressed: () => {} },
  )

test('a worker that cannot see the files is sent their bytes', async () => {
  writeFileSync(join(directory, 'a.txt'), 'one\ntwo\n')
  writeFileSync(join(directory, 'b.txt'), 'ünï\n')
  const stage = stageOver('*.txt')
  const work = stage.next(1)!
  const task = decodeValue(await stage.encode(work, false)) as TextTask
  const elsewhere = { ...task, ranges: task.ranges.map((range) => ({ ...range, path: `/nowhere${range.path}` })) }
  expect([...readTexts(elsewhere, 1000)!]).toEqual(['one\ntwo\n', 'ünï\n'])
  expect(readTexts({ ranges: elsewhere.ranges }, 1000)).toBeUndefined()
})

test('a file that changed after submission is refused by name when its bytes are wanted', async () => {
  const path = join(directory, 'changing.log')
  writeFileSync(path, 'before\n')
  const stage = stageOver('*.log')
  const work = stage.next(1)!
  writeFileSync(path, 'longer than before\n')
  await expect(stage.encode(work, false)).rejects.toMatchObject({ code: 'SHOAL_FILE_CHANGED', facts: { path } })
})
