import { execFile } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))
const folders = readdirSync(`${root}examples`).filter((name) => existsSync(`${root}examples/${name}/expected.txt`))

/** Runs an example as a user would, in the checkout. */
async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(`${root}bin/shoal`, ['run', '--quiet', ...args], { cwd: root })
  return stdout
}

test.each(folders)('the example %s prints what it promises', async (name) => {
  expect(await run(`examples/${name}/main.ts`)).toBe(readFileSync(`${root}examples/${name}/expected.txt`, 'utf8'))
})

test('the word count counts what one thread counts', async () => {
  const counts = new Map<string, number>()
  for (const file of globSync('docs/**/*.md', { cwd: root })) {
    const words =
      readFileSync(root + file, 'utf8')
        .toLowerCase()
        .match(/[a-z]+/g) ?? []
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const lines = (await run('examples/word-count/main.ts', 'docs/**/*.md')).trimEnd().split('\n')
  const shown = lines.map((line) => line.trim().split(/ +/))
  expect(shown).toHaveLength(20)
  for (const [n, word] of shown) expect(Number(n)).toBe(counts.get(word ?? ''))
  const most = [...counts.values()].sort((a, b) => b - a).slice(0, 20)
  expect(shown.map(([n]) => Number(n))).toEqual(most)
})
