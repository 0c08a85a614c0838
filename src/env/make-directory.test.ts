import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeDirectory } from './make-directory.ts'

test('a directory is made with all that are missing above it, for whom the mode says', () => {
  const root = mkdtempSync(join(tmpdir(), 'shoal-made-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  makeDirectory(join(root, 'a/b/c'), 0o700)
  makeDirectory(join(root, 'a/b/c'), 0o700)
  expect(statSync(join(root, 'a/b')).mode & 0o777).toBe(0o700)
  writeFileSync(join(root, 'file'), '')
  expect(() => makeDirectory(join(root, 'file/b'))).toThrow('ENOTDIR')
})

test.skipIf(!existsSync('/proc/self'))('what takes no directories says so, rather than never answering', () => {
  expect(() => makeDirectory('/proc/nowhere/at/all')).toThrow('ENOENT')
})
