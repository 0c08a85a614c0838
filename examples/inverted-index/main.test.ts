import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { linesOf, root } from '../run-example.ts'

test.each(['examples/inverted-index/documents/*.txt', 'docs/decisions/*.md'])(
  'the index of %s has every word of more than one document, and each of its documents',
  async (pattern) => {
    const documents = new Map<string, Set<string>>()
    for (const path of globSync(pattern, { cwd: root })) {
      const words =
        readFileSync(root + path, 'utf8')
          .toLowerCase()
          .match(/[a-z]+/g) ?? []
      for (const word of words) documents.set(word, (documents.get(word) ?? new Set()).add(basename(path)))
    }
    const expected = [...documents]
      .filter(([, names]) => names.size > 1)
      .map(([word, names]) => `${word}: ${[...names].sort().join(', ')}`)
    expect(await linesOf('inverted-index', pattern)).toEqual(expected.sort())
  },
)
