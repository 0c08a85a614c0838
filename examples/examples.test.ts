import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root, runExample } from './run-example.ts'

const folders = readdirSync(`${root}examples`, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)
const has = (name: string, file: string) => existsSync(`${root}examples/${name}/${file}`)

test.each(folders.filter((name) => has(name, 'expected.txt')))(
  'the example %s prints what it promises',
  async (name) => {
    expect(await runExample(name)).toBe(readFileSync(`${root}examples/${name}/expected.txt`, 'utf8'))
  },
)

test('every example is run by a test, and says what it shows and how it is run', () => {
  expect(folders.filter((name) => !has(name, 'expected.txt') && !has(name, 'main.test.ts'))).toEqual([])
  const untold = folders.filter((name) => {
    const told = readFileSync(`${root}examples/${name}/${has(name, 'README.md') ? 'README.md' : 'main.ts'}`, 'utf8')
    return !told.includes(`bin/shoal run examples/${name}/main.ts`)
  })
  expect(untold).toEqual([])
})
