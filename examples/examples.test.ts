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

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dependencies?: Readonly<Record<string, string>> }>>
}

test('PageRank over the lock file gives what loops give', async () => {
  const { packages } = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')) as Lock
  const links = new Map<string, Set<string>>()
  for (const [place, { dependencies = {} }] of Object.entries(packages)) {
    if (place === '') continue
    const name = place.split('node_modules/').at(-1)!
    links.set(name, new Set([...(links.get(name) ?? []), ...Object.keys(dependencies)]))
  }
  let ranks = new Map([...links.keys()].map((name) => [name, 1 / links.size]))
  for (let round = 0; round < 10; round++) {
    const next = new Map<string, number>()
    const give = (name: string, rank: number) => next.set(name, (next.get(name) ?? 0) + rank)
    for (const [name, targets] of links) {
      give(name, 0.15 / links.size)
      for (const target of targets) give(target, (0.85 * ranks.get(name)!) / targets.size)
    }
    ranks = next
  }
  const shown = (await run('examples/page-rank/main.ts')).trimEnd().split('\n')
  const most = [...ranks.values()].sort((left, right) => right - left).slice(0, 5)
  expect(shown.map((line) => line.split(' ')[0])).toEqual(most.map((rank) => rank.toFixed(4)))
  for (const line of shown) expect(ranks.get(line.slice(7))!.toFixed(4)).toBe(line.slice(0, 6))
})
