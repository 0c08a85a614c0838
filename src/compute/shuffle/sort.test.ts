import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { RowLoader } from './loaded-rows.ts'
import { refTo } from './output.ts'
import { createOutputFile } from './output-file.ts'
import { rangeExchanger } from './range-exchange.ts'
import { RowBytes, writeSortKey } from './sort-key.ts'
import { sortedRecords } from './sorted-records.ts'
import { chooseSplitters, createSplitters, isUniform } from './splitters.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-sort-'))
afterAll(() => rmSync(directory, { recursive: true }))
const home = { directory, address: `unix:${directory}/s` }
const store = { home: () => Promise.resolve(home), fetch: () => Promise.reject(new Error('not here')) }

const encoded = (key: unknown): Buffer => {
  const bytes = new RowBytes(8)
  writeSortKey(key, bytes)
  return Buffer.from(bytes.bytes.subarray(0, bytes.length))
}

test('the bytes of sort keys are in the order of the keys', () => {
  const inOrder = [
    undefined,
    null,
    false,
    true,
    -Infinity,
    -1e300,
    -2,
    -1,
    -Number.MIN_VALUE,
    0,
    Number.MIN_VALUE,
    0.5,
    1,
    255,
    256,
    2 ** 53,
    Infinity,
    NaN,
    -(2n ** 70n),
    -16n,
    -15n,
    0n,
    15n,
    16n,
    2n ** 64n,
    new Date(-1),
    new Date(0),
    new Date(2 ** 41),
    '',
    '\u0000',
    'a',
    'a\u0000',
    'aa',
    'b',
    'é',
    '\uFFFD',
    '\u{1F41F}',
    [],
    [1],
    [1, 'a'],
    [1, 'a\u0000'],
    [1, 'a\u0000', 'b'],
    [1, 'aa'],
    [1, 'b'],
    ['a'],
    ['a', 1],
    ['a\u0000'],
    ['aa'],
  ]
  for (let at = 1; at < inOrder.length; at++) {
    const [left, right] = [inOrder[at - 1], inOrder[at]]
    expect(Buffer.compare(encoded(left), encoded(right)), `${String(left)} before ${String(right)}`).toBe(-1)
  }
  expect(encoded(-0)).toEqual(encoded(0))
})

test('splitters find the partition that counting those below finds', () => {
  const keys = Array.from({ length: 500 }, (_, index) => encoded(`common prefix ${(index * 7919) % 500}`))
  const splitters = chooseSplitters(keys, 9)
  expect(splitters).toHaveLength(8)
  const partitionOf = createSplitters(splitters)
  for (const key of [...keys, encoded('a'), encoded('z'), encoded('common'), encoded(5)]) {
    const expected = splitters.filter((splitter) => Buffer.compare(splitter, key) <= 0).length
    const within = Buffer.concat([Buffer.from('xx'), key, Buffer.from('yy')])
    expect(partitionOf(within, 2, 2 + key.length)).toBe(expected)
  }
})

test('a key that fills a share of its own is cut off from its neighbours', () => {
  const keys = [...Array.from({ length: 90 }, () => 'hot'), 'a', 'b', 'c', 'hot\u0000', 'hou', 'z'].map(encoded)
  const splitters = chooseSplitters(keys, 6)
  const partitionOf = createSplitters(splitters)
  const uniform = [...splitters.keys(), splitters.length].filter((partition) => isUniform(splitters, partition))
  expect(uniform).toHaveLength(1)
  const there = (key: string) => partitionOf(encoded(key) as never, 0, encoded(key).length)
  expect(there('hot')).toBe(uniform[0])
  for (const key of ['a', 'ho', 'hos', 'hot\u0000', 'hou', 'z']) expect(there(key)).not.toBe(uniform[0])
})

test.each([false, true])(
  'what does not fit into memory is sorted in runs on disk that leave nothing behind, descending %s',
  async (descending) => {
    const rows = Array.from({ length: 5000 }, (_, index) => ({
      key: (index * 7919) % 300,
      text: `${index}`.padEnd(index % 90),
    }))
    const file = createOutputFile(home, 'x', false)
    const exchange = { splitters: [], by: ((row: (typeof rows)[0]) => row.key) as never, descending }
    const exchanger = rangeExchanger(exchange)(file)
    rows.forEach((row, index) => {
      exchanger.add(row)
      if (index % 500 === 0) exchanger.finish()
    })
    exchanger.finish()
    const ref = refTo(0, file.finish(), 0, 1)!
    const made: unknown[] = []
    for await (const batch of sortedRecords([ref], store, descending, new RowLoader(), 10_000)) made.push(...batch)
    const expected = rows
      .map((row, at) => ({ row, at }))
      .sort((a, b) => (a.row.key - b.row.key) * (descending ? -1 : 1) || a.at - b.at)
    expect(made).toEqual(expected.map(({ row }) => row))
    expect(readdirSync(directory).filter((name) => name.startsWith('run-'))).toEqual([])
  },
)
