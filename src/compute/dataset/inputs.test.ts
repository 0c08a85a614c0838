import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { cutBetweenLines, findFiles } from './inputs.ts'
import { readTask, textsIn } from './read-texts.ts'
import { createTextTasks } from './text-tasks.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-cut-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** A small generator with a seed, so that a failure can be seen again. */
function seeded(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
}

function randomText(seed: number): string {
  const next = seeded(seed)
  const lines = Array.from({ length: next(60) }, () => 'aé漢🐟 '.repeat(next(20)).slice(0, next(80)).toWellFormed())
  return lines.join('\n') + (next(2) === 0 ? '\n' : '')
}

test('blocks of any size put together are the file, and no line is cut', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const path = join(directory, 'random.txt')
    const text = randomText(seed)
    writeFileSync(path, text)
    const [file] = findFiles([path])
    const bytes = readFileSync(path)
    for (const blockBytes of [1, 2, 7, 64, 1000, 100_000]) {
      const ranges = [...cutBetweenLines(file!, () => blockBytes)]
      expect(ranges.map(({ from, to }) => bytes.toString('utf8', from, to)).join('')).toBe(text)
      for (const { from, to } of ranges.slice(0, -1)) {
        expect(bytes[to - 1]).toBe(10)
        const longer = bytes.subarray(from, to - 1).includes(10) && to - from > blockBytes
        expect(longer).toBe(false)
      }
      const position = { path: '', file: undefined, offset: 0, columns: undefined }
      const texts = [...textsIn(readTask({ ranges }) as Buffer, ranges, 16, position)]
      expect(texts.join('')).toBe(text)
    }
  }
})

test('small files travel together and every byte is given out once', () => {
  for (let index = 0; index < 50; index++) writeFileSync(join(directory, `small-${index}.txt`), 'x\n'.repeat(index))
  const files = findFiles([join(directory, 'small-*.txt')])
  const tasks = createTextTasks(files, 1000, false)
  let bytes = 0
  let count = 0
  while (!tasks.isExhausted()) {
    count++
    for (const { from, to } of tasks.next(2)!) bytes += to - from
  }
  expect(bytes).toBe(tasks.totalBytes)
  expect(count).toBeLessThan(10)
})

test('a worker does not read a file that is not the one that the driver saw', () => {
  const path = join(directory, 'changing.txt')
  writeFileSync(path, 'before\n')
  const [file] = findFiles([path])
  const ranges = [...cutBetweenLines(file!, () => 100)]
  writeFileSync(path, 'after it changed\n')
  expect(readTask({ ranges })).toBeUndefined()
})
