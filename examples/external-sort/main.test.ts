import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { linesOf, root } from '../run-example.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-sorted-'))
afterAll(() => rmSync(directory, { recursive: true }))

test('the files one after the other are all lines in the order of their bytes', async () => {
  const inputs = globSync('docs/*.md', { cwd: root })
  const lines = inputs.flatMap((path) =>
    readFileSync(root + path, 'utf8')
      .replace(/\n$/, '')
      .split('\n'),
  )
  const expected = lines.sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
  const to = join(directory, 'lines')
  expect(await linesOf('external-sort', ...inputs, to)).toEqual([`${lines.length} lines`])
  const made = readdirSync(to)
    .sort()
    .map((name) => readFileSync(join(to, name), 'utf8'))
  expect(made.join('')).toBe(`${expected.join('\n')}\n`)
})
