import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const HOOK = new URL('./hook.ts', import.meta.url).href

/** A folder with a program that imports what the hook takes for Shoal, since functions at every depth matter then. */
async function withProgram<T>(program: string, use: (directory: string, file: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), 'shoal-hook-'))
  try {
    const file = path.join(directory, 'main.ts')
    await mkdir(path.join(directory, 'src'))
    await writeFile(path.join(directory, 'src', 'connect.ts'), 'export {}')
    await writeFile(file, `${program}\nimport './src/connect.ts'\n`)
    return await use(directory, file)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Runs a program under the hook and gives what it printed. */
async function runHooked(file: string, options = ''): Promise<string> {
  const start = `import { installHook } from '${HOOK}'; installHook(${options}); await import(${JSON.stringify(file)})`
  return (await run(process.execPath, ['--input-type=module', '-e', start])).stdout
}

const underHook = (program: string): Promise<string> => withProgram(program, (_, file) => runHooked(file))

test('a transformed program keeps its names, lengths and order of initialisation', async () => {
  const output = await underHook(
    `
    console.log(hoisted(1), typeof Late)
    function hoisted(n: number) { return n + (() => 1)() }
    class Late { static make = () => new Late() }
    const f = (a: number, b = 2) => a + b, o = { m: () => 1, 'a-b': async () => 2, ['c' + 1]: () => 3 }
    let early = () => later
    const later = 5
    export default () => 1
    const { d = () => 4 } = {} as { d?: () => number }
    const K = class { #h = () => 6; h() { return this.#h.name } static s = function () {} }
    console.log([f, o.m, o['a-b'], o['c1'], d, Late.make, K, K.s].map((x: any) => x.name + '/' + x.length).join())
    console.log(new K().h(), early(), (await o['a-b']()), Late.make() instanceof Late)
    label: for (const i of [1, 2]) { const g = () => i; if (g() === 1) continue label; console.log(g()) }
    switch (1 as number) { case 1: function inCase() { return 8 } console.log(inCase()) }
    if (true) { console.log(inBlock()); function inBlock() { return 9 } }
  `.replace('typeof Late', "(() => { try { return Late } catch { return 'TDZ' } })()"),
  )
  expect(output).toBe('2 TDZ\nf/1,m/0,a-b/0,c1/0,d/0,make/0,K/0,s/0\n#h 5 2 true\n2\n8\n9\n')
})

test('stacks keep the line and column of the source', async () => {
  const output =
    await underHook(`const wrap = (f: () => void): void => f(); const run = () => wrap(() => wrap(() => { throw new Error('x') }))
try { run() } catch (error) { console.log((error as Error).stack!.split('\\n').slice(1, 5).map((line) => /\\d+:\\d+/.exec(line)![0]).join()) }`)
  // `new Error`, `f()`, the inner `wrap(`, and `f()` again.
  expect(output).toBe('1:92,1:39,1:73,1:39\n')
})

test('a second start from the cache, and one whose cache is damaged, run as the first did', async () => {
  const program = 'const n: number = 2; console.log([1].map((x) => x + n).join())'
  await withProgram(program, async (directory, file) => {
    const cache = path.join(directory, 'cache')
    const options = `{ cacheDirectory: ${JSON.stringify(cache)} }`
    expect(await runHooked(file, options)).toBe('3\n')
    expect(await runHooked(file, options)).toBe('3\n')
    const names = await readdir(cache)
    expect(names.length).toBe(2)
    for (const name of names) await writeFile(path.join(cache, name), '{"output":')
    expect(await runHooked(file, options)).toBe('3\n')
  })
})
