import { expect, test } from 'vitest'
import { readModule } from './source/module.ts'
import { tidy } from './tidy.ts'

const offences = (path: string, text: string) => tidy([readModule(path, text)])

test('tidy() passes a small file with a good name', () => {
  expect(offences('src/store/store.ts', 'export const limit = 1\n')).toEqual([])
})

test('tidy() names a function that is too long, with its line', () => {
  const body = '  work()\n'.repeat(70)
  expect(offences('src/store/long.ts', `// A comment.\nfunction long() {\n${body}}\n`)).toContain(
    'src/store/long.ts:2: long has 72 lines, expected 70 at the most',
  )
})

test('tidy() names a file that is too long', () => {
  expect(offences('src/store/long.ts', 'work()\n'.repeat(501))).toContain(
    'src/store/long.ts: 501 lines, expected 500 at the most',
  )
})

test('tidy() excuses a long file of nothing but types', () => {
  expect(offences('src/store/long.ts', 'export type A = 1\n'.repeat(501))).toEqual([])
})

test.each([
  ['const t = Date.now()', 'Date.now is banned, expected the Clock of an Environment'],
  ['const t = new Date()', 'new Date() is banned, expected the Clock of an Environment'],
  ['setTimeout(f, 1)', 'setTimeout is banned, expected the Timers of an Environment'],
  ['const r = Math.random()', 'Math.random is banned, expected the Random of an Environment'],
])('tidy() refuses %s outside src/env', (source, complaint) => {
  expect(offences('src/store/a.ts', `${source}\n`)).toEqual([`src/store/a.ts:1: ${complaint}`])
  expect(offences('src/env/a.ts', `${source}\n`)).toEqual([])
})

test('tidy() allows a date made of a given time', () => {
  expect(offences('src/store/a.ts', 'const t = new Date(0)\n')).toEqual([])
})

test('tidy() refuses names that are no concept', () => {
  expect(offences('src/utils/a.ts', '')).toContain(
    'src/utils/a.ts: folder "utils" is a kind of thing, expected a concept',
  )
  expect(offences('src/store/helpers.ts', '')).toContain('src/store/helpers.ts: expected the name of one concept')
  expect(offences('src/store/bigFile.ts', '')).toContain('src/store/bigFile.ts: expected a name in kebab-case')
  expect(offences('src/store/index.ts', '')).toContain(
    'src/store/index.ts: expected index.ts only at published entries',
  )
})
