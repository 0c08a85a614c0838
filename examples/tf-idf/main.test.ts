import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { linesOf, root } from '../run-example.ts'

test('the words that tell documents apart are those that loops find', async () => {
  const pattern = 'docs/*.md'
  const documents = globSync(pattern, { cwd: root }).map((path) => {
    const times = new Map<string, number>()
    const words =
      readFileSync(root + path, 'utf8')
        .toLowerCase()
        .match(/[a-z]+/g) ?? []
    for (const word of words) times.set(word, (times.get(word) ?? 0) + 1)
    return { name: basename(path), times }
  })
  const expected = documents.map(({ name, times }) => {
    const scored = [...times].map(([word, count]) => {
      const documentsWithIt = documents.filter((document) => document.times.has(word)).length
      return { word, score: count * Math.log(documents.length / documentsWithIt) }
    })
    const best = Math.max(...scored.map(({ score }) => score))
    const word = scored
      .filter(({ score }) => score === best)
      .map((each) => each.word)
      .sort()[0]
    return `${name.padEnd(12)} ${word} ${best.toFixed(2)}`
  })
  expect(await linesOf('tf-idf', pattern)).toEqual(expected.sort())
})
