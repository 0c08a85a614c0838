import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { podDirectory, removeOtherDirectories } from './pod-directory.ts'

test('directories of pods whose sandbox is gone are removed, those of others and what is no pod’s are kept', async () => {
  const base = mkdtempSync(path.join(tmpdir(), 'engine-'))
  for (const name of ['a_0', 'a_1', 'b_0', 'other']) mkdirSync(path.join(base, name, 'logs'), { recursive: true })
  await removeOtherDirectories(base, [{ directory: podDirectory(base, 'a', 1) }])
  expect(readdirSync(base).toSorted()).toEqual(['a_1', 'other'])
  rmSync(base, { recursive: true })
})
