import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseSync } from 'oxc-parser'
import { openTaskSession } from '../task/session.fixture.ts'
import type { TaskTestSession } from '../task/session.fixture.ts'
import { hasNativeParts, installedSource } from './installed-packages.ts'
import type { ShipError } from './ship-error.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-native-'))
let session: TaskTestSession

beforeAll(async () => (session = await openTaskSession({ count: 1, threads: 1 })))
afterAll(async () => {
  await session.close()
  rmSync(directory, { recursive: true })
})

/** A package that builds a binary, as npm would have installed it, and a program that imports it. */
async function programWith(name: string, main: string): Promise<{ readonly use: () => unknown; readonly at: string }> {
  const at = join(directory, name, 'node_modules', name)
  mkdirSync(at, { recursive: true })
  writeFileSync(join(at, 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'main.js', gypfile: true }))
  writeFileSync(join(at, 'main.js'), main)
  writeFileSync(join(at, 'table.bin'), 'its own file')
  const program = join(directory, name, 'program.mjs')
  writeFileSync(program, `import { read } from '${name}'\nexport const use = () => read()\n`)
  return { use: ((await import(/* @vite-ignore */ pathToFileURL(program).href)) as { use: () => unknown }).use, at }
}

const READS = "exports.read = () => require('node:fs').readFileSync(__dirname + '/table.bin', 'utf8')"

test('a function uses a package with a binary where that is installed', async () => {
  const lengthOf = (text: string) => parseSync('a.js', text).program.body.length
  expect(await session.shoal.submit(lengthOf, 'const a = 1; a')).toBe(2)
})

test('a package that builds a binary is loaded with its own files beside it', async () => {
  const { use } = await programWith('builds-binary', READS)
  expect(await session.shoal.submit(use)).toBe('its own file')
})

type Load = (require: (name: string) => unknown, module: object, exports: object, file: string) => void

test('on a machine where a package is not installed what could be bundled of it is used, or it is said to be missing', () => {
  const load = (bundle?: string) => {
    const module: { exports: object } = { exports: {} }
    const run = new Script(installedSource('nowhere-installed', '/no/such/place', bundle)).runInThisContext() as Load
    run((name) => process.getBuiltinModule(name), module, module.exports, 'x')
    return module.exports
  }
  expect(load('function (require, module) { module.exports = { all: 42 } }')).toEqual({ all: 42 })
  expect(() => load()).toThrow(
    /^Cannot load "nowhere-installed" in a pod: it has native parts, and is installed neither in \/no\/such\/place nor in .*, expected an image that has it/,
  )
})

test('a package that is not even installed here is refused when the function is shipped', async () => {
  const { use, at } = await programWith('gone-by-then', READS)
  rmSync(at, { recursive: true })
  const { code, message } = (await session.shoal.submit(use).then(undefined, (error: unknown) => error)) as ShipError
  expect([code, message]).toEqual(['SHIP_PACKAGE', expect.stringContaining('gone-by-then')])
})

test('native parts are found by what a package depends on, however deep', () => {
  const here = dirname(import.meta.filename)
  expect(hasNativeParts('oxc-parser', here)).toBe(true)
  expect(hasNativeParts('apache-arrow', here)).toBe(false)
  expect(hasNativeParts('hyparquet', here)).toBe(false)
  expect(hasNativeParts('yaml', here)).toBe(false)
})
