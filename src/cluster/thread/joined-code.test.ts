import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { isUnchanged, joinedSource, threadProgram } from './joined-code.ts'

test('a source that was written or touched since it was joined counts as another', () => {
  const directory = mkdtempSync(join(tmpdir(), 'joined-'))
  try {
    const path = join(directory, 'a.ts')
    writeFileSync(path, 'export const a = 1\n')
    const then = joinedSource(pathToFileURL(path))
    expect(isUnchanged(then)).toBe(true)
    writeFileSync(path, 'export const a = 12\n')
    expect(isUnchanged(then)).toBe(false)
    writeFileSync(path, 'export const a = 2\n')
    utimesSync(path, 1, 1)
    expect(isUnchanged(then)).toBe(false)
    rmSync(path)
    expect(isUnchanged(then)).toBe(false)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test('the program of the thread is a file that is there, joined or not', () => {
  expect(existsSync(threadProgram())).toBe(true)
})
