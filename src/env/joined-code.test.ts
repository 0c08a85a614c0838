import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { isUnchanged, joinedSource } from './joined-code.ts'
import { ownModule, ownProgram } from './own-module.ts'

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

const BEGINNINGS = ['../cli/main', '../cluster/thread/cluster-thread', '../runtime/process/spawner/main']

test.each(BEGINNINGS)('the program of %s is a file that is there, joined or not', (path) => {
  expect(existsSync(ownModule(import.meta.url, path))).toBe(true)
  expect(existsSync(ownProgram(import.meta.url, path))).toBe(true)
})
