import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { linesOf, root } from '../run-example.ts'

test('the word count counts what one thread counts', async () => {
  const counts = new Map<string, number>()
  for (const file of globSync('docs/**/*.md', { cwd: root })) {
    const words =
      readFileSync(root + file, 'utf8')
        .toLowerCase()
        .match(/[a-z]+/g) ?? []
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const shown = (await linesOf('word-count', 'docs/**/*.md')).map((line) => line.trim().split(/ +/))
  expect(shown).toHaveLength(20)
  for (const [n, word] of shown) expect(Number(n)).toBe(counts.get(word ?? ''))
  const most = [...counts.values()].sort((a, b) => b - a).slice(0, 20)
  expect(shown.map(([n]) => Number(n))).toEqual(most)
})
