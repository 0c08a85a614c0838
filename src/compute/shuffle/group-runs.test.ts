import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openGroupRuns } from './group-runs.ts'
import type { Gathered } from './group-runs.ts'

function openRuns() {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-groups-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return { directory, runs: openGroupRuns(directory) }
}

/** Keys of every kind; the last two are the same in UTF-8, where half a surrogate pair is no character. */
const KEYS: readonly unknown[] = [
  undefined,
  null,
  true,
  -1,
  0,
  NaN,
  10n,
  '',
  'text',
  '\u0000text',
  new Date(7),
  [1, 'a'],
  { a: 1 },
  '["\\ud800"]',
  '\ud800',
  '\udfff',
]

test('groups of several runs come together, whatever their keys are, each in the order of its runs', () => {
  const { directory, runs } = openRuns()
  for (let run = 0; run < 5; run++) {
    const groups = KEYS.filter((_, index) => (index + run) % 4 > 0).map((key): Gathered => [
      key,
      [`${run} a`, `${run} b`],
    ])
    runs.write(groups.toReversed(), 1000)
  }
  const found: [unknown, unknown[]][] = []
  for (const { key, records } of runs.groups()) found.push([key, [...records]])
  const expected = KEYS.map((key, index) => [
    key,
    [0, 1, 2, 3, 4].filter((run) => (index + run) % 4 > 0).flatMap((run) => [`${run} a`, `${run} b`]),
  ])
  expect(found).toHaveLength(KEYS.length)
  expect(found).toEqual(expect.arrayContaining(expected))
  runs[Symbol.dispose]()
  expect(readdirSync(directory)).toEqual([])
})

test('a group of many chunks is read again and again, wholly or in part, and not when its turn is over', () => {
  const { runs } = openRuns()
  const records = (from: number) => Array.from({ length: 50_000 }, (_, at) => ({ n: from + at, pad: ''.padEnd(40) }))
  const bytes = 50_000 * 60
  runs.write(
    [
      ['large', records(0)],
      ['small', ['s']],
    ],
    bytes,
  )
  runs.write([['large', records(50_000)]], bytes)
  const groups = runs.groups()
  const large = groups.next().value!
  expect(large.key).toBe('large')
  for (const _ of large.records) break
  for (const round of [1, 2]) {
    let at = 0
    for (const record of large.records) if ((record as { n: number }).n !== at++) throw new Error(`${round}: ${at}`)
    expect(at).toBe(100_000)
  }
  const open = large.records[Symbol.iterator]()
  expect(open.next().done).toBe(false)
  expect([...groups.next().value!.records]).toEqual(['s'])
  expect(() => large.records[Symbol.iterator]().next()).toThrow('its function has ended')
  expect(groups.next().done).toBe(true)
  runs[Symbol.dispose]()
})
