import { afterAll, expect, test } from 'vitest'
import { openUser } from './shoal.ts'

const user = openUser()

afterAll(async () => {
  const left = await user.leftovers()
  user[Symbol.dispose]()
  expect(left).toEqual([])
})

const CONNECT = `import { connect } from 'shoal'\nawait using shoal = await connect()\n`

async function runProgram(name: string, source: string) {
  user.write(name, source)
  return await user.run('run', '--quiet', name)
}

test('a program whose files are not there is told the pattern and where it was looked for', async () => {
  const outcome = await runProgram('no-file.ts', `${CONNECT}await shoal.files('none/*.txt').count()\n`)
  expect(outcome).toMatchObject({ code: 1, stdout: '' })
  expect(outcome.stderr).toBe(
    `error: Cannot read "none/*.txt": no file matches\n  Paths are taken from the working directory, ${user.directory} (SHOAL_NO_FILE)\n`,
  )
})

test.each([
  ['idle.ts', `import { connect } from 'shoal'\nconsole.log(typeof connect)\n`, { code: 0, stdout: 'function\n' }],
  ['thrown.ts', `import { connect } from 'shoal'\nconsole.log(typeof connect)\nthrow new Error('no')\n`, { code: 1 }],
  [
    'other.ts',
    `import { connect } from 'shoal'\nawait using shoal = await connect({ cluster: { nodes: 2 } })\nconsole.log(shoal.name !== '')\n`,
    { code: 0, stdout: 'true\n' },
  ],
])('a program gets no cluster that it does not use, and none is left of it: %s', async (name, source, expected) => {
  expect(await runProgram(name, source)).toMatchObject(expected)
  expect(await user.leftovers()).toEqual([])
})

test.each([
  ['bad.ts', `const a: number = 1\nconst b = = 2\n`, 'unexpected token at bad.ts:2:11'],
  ['bad-module.ts', `import 'node:fs'\nexport const b: = 2\n`, 'at bad-module.ts:2:17'],
  ['bad.mjs', `export const a = 1\n\n  const b = = 2\n`, 'unexpected token at bad.mjs:3:13'],
  ['bad.cjs', `const a = 1\nconst b = = 2\n`, 'unexpected token at bad.cjs:2:11'],
])('a program that does not parse is told file, line and column: %s', async (name, source, current) => {
  const { code, stderr, stdout } = await runProgram(name, source)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(`error: Cannot run "${name}": `)
  expect(stderr).toContain(`${current}, expected a program that parses\n`)
  expect(stderr).toContain(`(CLI_PROGRAM)\n`)
  expect(stderr).not.toContain('    at ')
})

test('a syntax error shows its line with a caret below it', async () => {
  const { stderr } = await runProgram('caret.ts', `\tconst b = = 2\n`)
  expect(stderr).toContain(`\n    \tconst b = = 2\n    \t          ^\n`)
})

test('a syntax error in a module that the program imports is told by that file', async () => {
  user.write('part.ts', `export const part = {\n`)
  const { code, stderr } = await runProgram('whole.ts', `import { part } from './part.ts'\nconsole.log(part)\n`)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^error: Cannot run "whole.ts": .* at part\.ts:\d:\d+, expected a program that parses\n/)
})

test('TypeScript that cannot be stripped is told with what to use in its place', async () => {
  const { code, stderr } = await runProgram('enum.ts', `export const a = 1\nenum Color { Red }\n`)
  expect(code).toBe(1)
  expect(stderr).toContain('TypeScript enum is not supported in strip-only mode at enum.ts:2:1, expected')
  expect(stderr).toContain('a const object in place of an enum (CLI_PROGRAM)')
})

test('a SyntaxError that the program throws itself is its own', async () => {
  const { code, stderr } = await runProgram('own.ts', `JSON.parse('{')\nexport {}\n`)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^SyntaxError: .*\n {4}at JSON\.parse .*\n {4}at .*own\.ts:1:6/)
  expect(stderr).not.toContain('node:internal')
})

test.each([
  ['file.ts', `import { x } from './none.ts'\n`, 'there is no module "./none.ts" at file.ts:1:19', 'check the path'],
  [
    'package.ts',
    `import x from '@no/such'\n`,
    'there is no package "@no/such" at package.ts:1:15',
    'npm install @no/such',
  ],
  [
    'name.ts',
    `import { y } from './caret-free.ts'\n`,
    'the module "./caret-free.ts" has no export "y" at name.ts:1:10',
    'import a name',
  ],
])('a missing import is told by name and place: %s', async (name, source, current, hint) => {
  user.write('caret-free.ts', 'export const x = 1\n')
  const { code, stderr } = await runProgram(name, source)
  expect(code).toBe(1)
  expect(stderr.startsWith(`error: Cannot run "${name}": ${current}, expected `)).toBe(true)
  expect(stderr).toContain(hint)
})

test.each([
  [
    'a socket',
    `import net from 'node:net'\nconst value = { deep: { it: new net.Socket() } }\n`,
    'value.deep.it',
    'a Socket',
  ],
  [
    'a file handle',
    `import fs from 'node:fs/promises'\nconst value = await fs.open('/dev/null')\n`,
    'value',
    'a FileHandle',
  ],
  ['an instance', `class Db { #a = 1; get it() { return this.#a } }\nconst value = new Db()\n`, 'value', 'a Db'],
])('what cannot travel is refused with file, line and path of the value: %s', async (_, source, path, what) => {
  const use = path === 'value' ? 'value' : 'value.deep.it'
  const program = `${CONNECT}${source}await shoal.map([1], () => ${use} === null)\n`
  const { code, stderr } = await runProgram('travel.ts', program)
  expect(code).toBe(1)
  expect(stderr).toMatch(
    new RegExp(`^error: Cannot send "${path}" to a worker: it is ${what}, captured at travel\\.ts:5:\\d+\\n`, 'm'),
  )
  expect(stderr).toContain('(SHIP_VALUE)')
})

test('what a task throws keeps its class, message, cause and place in the source', async () => {
  const { code, stderr } = await runProgram(
    'throws.ts',
    `${CONNECT}const check = (n: number) => {\n  throw new TypeError('no twos', { cause: new RangeError('two is out') })\n}\nawait shoal.map([2], (n) => check(n))\n`,
  )
  expect(code).toBe(1)
  expect(stderr).toMatch(/^TypeError: no twos\n {4}at check \(.*throws\.ts:4:9\)\n {4}at .*throws\.ts:6:29/)
  expect(stderr).toContain('[cause]: RangeError: two is out\n')
  expect(stderr).not.toContain('node:internal')
})

test('the exit code of a program is its own, and nothing of it stays', async () => {
  const { code, stdout } = await runProgram(
    'exit.ts',
    `${CONNECT}console.log(await shoal.map([1, 2], (n) => n * n))\nprocess.exit(3)\n`,
  )
  expect({ code, stdout }).toEqual({ code: 3, stdout: '[ 1, 4 ]\n' })
  const set = await runProgram('exit-code.ts', `process.exitCode = 4\nexport {}\n`)
  expect(set.code).toBe(4)
})

test('a session that the program forgot to close ends with the program', async () => {
  const source = `import { connect } from 'shoal'\nconst shoal = await connect()\nconsole.log(await shoal.map([3], (n) => n * n))\n`
  expect(await runProgram('forgets.ts', source)).toMatchObject({ code: 0, stdout: '[ 9 ]\n' })
})

test('a rejection that nobody handles ends the run as an error does', async () => {
  const { code, stderr } = await runProgram(
    'unhandled.ts',
    `${CONNECT}Promise.reject(new Error('nobody waits'))\nawait shoal.map([1], () => new Promise(() => {}))\n`,
  )
  expect(code).toBe(1)
  expect(stderr).toMatch(/^Error: nobody waits\n {4}at .*unhandled\.ts:3:16/)
})

test.each([
  ['none.ts', 'there is no such file'],
  ['.', 'it is a directory'],
])('a program that is none is refused as a mistake of the command line: %s', async (name, current) => {
  const { code, stderr } = await user.run('run', name)
  expect(code).toBe(2)
  expect(
    stderr.startsWith(`error: Cannot run "${name}": ${current}, expected a TypeScript or JavaScript program\n`),
  ).toBe(true)
})

test('metrics are served while a program runs, and keep it no longer', async () => {
  user.write(
    'metrics.ts',
    `${CONNECT}import { existsSync } from 'node:fs'
await shoal.map([1, 2, 3], (n) => n + 1)
console.log('ready')
while (!existsSync('scraped')) await new Promise((resolve) => setTimeout(resolve, 10))
`,
  )
  const { process: child, says, outcome } = user.start(['run', '--quiet', '--metrics', '0', 'metrics.ts'])
  const ready = new Promise((resolve) => child.stdout!.once('data', resolve).once('end', resolve))
  const [, address] = await says(/^metrics: (http:\/\/127\.0\.0\.1:\d+\/metrics)$/m)
  await ready
  const scraped = await (await fetch(address!)).text()
  user.write('scraped', '')
  expect(scraped).toMatch(/^# TYPE shoal_items_total counter\nshoal_items_total\{run="[^"]+",stage="map[^"]*"\} 3$/m)
  expect(scraped).toMatch(/^shoal_workers\{run="[^"]+"\} 1$/m)
  expect((await outcome).code).toBe(0)
  const wrong = await user.run('run', '--metrics', 'here', 'metrics.ts')
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('CLI_METRICS') })
})
