import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { linesOf, root } from '../run-example.ts'

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
  const shown = await linesOf('page-rank')
  const most = [...ranks.values()].sort((left, right) => right - left).slice(0, 5)
  expect(shown.map((line) => line.split(' ')[0])).toEqual(most.map((rank) => rank.toFixed(4)))
  for (const line of shown) expect(ranks.get(line.slice(7))!.toFixed(4)).toBe(line.slice(0, 6))
})
