import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSession } from '../dataset/session.fixture.ts'
import type { TestSession } from '../dataset/session.fixture.ts'
import { processNamespace } from '../worker/scratch.ts'

let session: TestSession
beforeAll(async () => (session = await openSession()))
afterAll(() => session[Symbol.asyncDispose]())

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
const place = (name: string) => join(session.directory, name)
const rows = numbers(20_000).map((n) => ({ n, name: `row "${n}",\n${n % 3 === 0 ? 'ä' : ''}`, even: n % 2 === 0 }))

test('text is written in order, a file for each task, and appears at once', async () => {
  const { files, rows: count } = await session.shoal.dataset(numbers(20_000)).writeText(place('text'))
  expect(count).toBe(20_000)
  expect(files.length).toBeGreaterThan(1)
  expect(readdirSync(place('text'))).toEqual(files.map((file) => file.slice(place('text').length + 1)))
  expect(files.map((file) => readFileSync(file, 'utf8')).join('')).toBe(`${numbers(20_000).join('\n')}\n`)
  expect(readdirSync(session.directory).filter((name) => name.startsWith('.'))).toEqual([])
})

test('JSON Lines, CSV and Parquet are read back as they were written', async () => {
  const { shoal } = session
  const dataset = shoal.dataset(rows)
  await dataset.writeJsonLines(place('json'))
  expect(await shoal.files(place('json/*')).jsonLines().collect()).toEqual(rows)
  await dataset.writeCsv(place('csv'))
  const types = { n: 'number', even: 'boolean' } as const
  expect(await shoal.files(place('csv/*')).csv({ types }).collect()).toEqual(rows)
  await dataset.writeParquet(place('parquet'))
  expect(await shoal.files(place('parquet/*')).parquet().collect()).toEqual(rows)
  const names = await shoal
    .files(place('parquet/*'))
    .parquet({ columns: ['n'] })
    .take(2)
  expect(names).toEqual([{ n: 0 }, { n: 1 }])
})

test('columns of Parquet keep what JavaScript has: large and negative numbers, bigints, Dates, bytes, objects, and none', async () => {
  const { shoal } = session
  const wide = numbers(2500).map((n) => ({
    number: n < 2000 ? n : n + 0.5,
    large: 2 ** 40 + n,
    big: BigInt(n) * -(2n ** 40n),
    when: new Date(n * 1000),
    bytes: Uint8Array.of(n % 256),
    nested: { list: [n, null], text: 'ä' },
    late: n < 2000 ? null : `text ${n}`,
  }))
  await shoal.dataset(wide).writeParquet(place('wide'), { rowGroupRows: 2400 })
  expect(await shoal.files(place('wide/*')).parquet().collect()).toEqual(wide)
  const types = { id: 'int64', small: 'int32', none: 'timestamp' } as const
  await shoal.dataset([{ id: 5, small: -1 }]).writeParquet(place('typed'), { types })
  expect(await shoal.files(place('typed/*')).parquet().collect()).toEqual([{ id: 5n, small: -1, none: null }])
  const none = shoal.dataset([{ id: 1 }]).filter(() => false)
  await none.writeParquet(place('empty'), { types })
  expect(await shoal.files(place('empty/*')).parquet().collect()).toEqual([])
})

test('a column of Parquet that changes its type is refused with its name and row, and one that comes up late too', async () => {
  const { shoal } = session
  const mixed = shoal.dataset(numbers(1000).map((n) => ({ a: n < 900 ? n : `text ${n}` }))).repartition(1)
  await expect(mixed.writeParquet(place('mixed'))).rejects.toMatchObject({
    code: 'SHOAL_UNWRITABLE',
    message: expect.stringContaining(
      'column "a" of a record to Parquet: it is a string text 900, expected a double, in row 900',
    ),
  })
  const late = shoal.dataset(numbers(1000).map((n) => (n < 900 ? { a: n } : { a: n, b: n }))).repartition(1)
  await late.writeParquet(place('late'))
  await expect(late.writeParquet(place('later'), { rowGroupRows: 500 })).rejects.toThrow('column "b"')
  const { rows } = await late.writeParquet(place('named'), { rowGroupRows: 500, types: { b: 'double' } })
  expect(rows).toBe(1000)
  expect(existsSync(place('later'))).toBe(false)
})

test('what is there already is refused, and replaced where that is said', async () => {
  const { shoal } = session
  await shoal.dataset(['old']).writeText(place('twice'))
  const failing = shoal.dataset(['new']).writeText(place('twice'))
  await expect(failing).rejects.toMatchObject({ code: 'SHOAL_OUTPUT_EXISTS' })
  expect(readFileSync(place('twice/part-00000.txt'), 'utf8')).toBe('old\n')
  await shoal.dataset(['new']).writeText(place('twice'), { overwrite: true })
  expect(readFileSync(place('twice/part-00000.txt'), 'utf8')).toBe('new\n')
})

test('where a record fails nothing is written', async () => {
  const failing = session.shoal
    .dataset(numbers(20_000))
    .map((n) => {
      if (n === 19_999) throw new RangeError('the last')
      return n
    })
    .writeText(place('failed'))
  await expect(failing).rejects.toThrow('the last')
  expect(existsSync(place('failed'))).toBe(false)
  expect(readdirSync(session.directory).filter((name) => name.startsWith('.'))).toEqual([])
})

test('a worker that is killed while it writes leaves nothing behind, and the rows are written once', async () => {
  const flag = place('killed')
  const { rows: count, files } = await session.shoal
    .dataset(numbers(20_000))
    .map(async (n) => {
      const { existsSync: exists, writeFileSync: write } = await import('node:fs')
      if (n === 15_000 && !exists(flag)) {
        write(flag, '')
        process.kill(process.pid, 'SIGKILL')
      }
      return n
    })
    .writeText(place('survived'))
  expect(count).toBe(20_000)
  expect(files.map((file) => readFileSync(file, 'utf8')).join('')).toBe(`${numbers(20_000).join('\n')}\n`)
})

test('what a program left that was killed while it wrote is removed by the next, and what it was replacing is put back', async () => {
  const { shoal } = session
  await shoal.dataset(['old']).writeText(place('left'))
  const child = spawnSync('true')
  const writer = `${hostname()} ${processNamespace()} ${child.pid}`
  const stale = (unique: string) => {
    mkdirSync(place(`.left.${unique}`))
    writeFileSync(place(`.left.${unique}/.writer`), writer)
  }
  // Killed between the two renames of the replacement, and killed while it wrote.
  stale('one')
  renameSync(place('left'), place('.left.one/replaced'))
  stale('two')
  await shoal.dataset(['new']).writeText(place('left'), { overwrite: true })
  expect(readdirSync(session.directory).filter((name) => name.startsWith('.left'))).toEqual([])
  expect(readFileSync(place('left/part-00000.txt'), 'utf8')).toBe('new\n')
  stale('three')
  renameSync(place('left'), place('.left.three/replaced'))
  const broken = shoal
    .dataset([1])
    .map(() => {
      throw new RangeError('no')
    })
    .writeText(place('left'), { overwrite: true })
  await expect(broken).rejects.toThrow('no')
  expect(readFileSync(place('left/part-00000.txt'), 'utf8')).toBe('new\n')
})

test('a place that cannot be written is refused by name', async () => {
  writeFileSync(place('file'), '')
  const failing = session.shoal.dataset(['a']).writeText(place('file/below'))
  await expect(failing).rejects.toMatchObject({ code: 'SHOAL_UNWRITABLE' })
  await expect(session.shoal.dataset(['a']).writeText('ftp://x/y')).rejects.toMatchObject({ code: 'SHOAL_UNREACHABLE' })
})

test('records that a format does not have are refused by what they are', async () => {
  const { shoal } = session
  await expect(shoal.dataset([1]).writeParquet(place('no-rows'))).rejects.toThrow(
    'a record as a Parquet row: it is a number',
  )
  await expect(shoal.dataset([[1, 2]]).writeCsv(place('no-names'))).rejects.toThrow('a header of CSV')
  const nested = shoal.dataset([{ a: { b: 1 } }]).writeCsv(place('nested'))
  await expect(nested).rejects.toMatchObject({ code: 'SHOAL_UNWRITABLE' })
})

test('a volume that workers see elsewhere is read and written there; one that nobody declared is refused', async () => {
  const volume = place('volume')
  mkdirSync(volume)
  writeFileSync(join(volume, 'in.txt'), 'a\nb\n')
  await using other = await openSession({ volumes: { data: { mountPath: volume } } })
  expect(await other.shoal.files('volume://data/*.txt').lines().collect()).toEqual(['a', 'b'])
  await other.shoal.files('volume://data/in.txt').lines().writeText('volume://data/out')
  expect(readFileSync(join(volume, 'out', 'part-00000.txt'), 'utf8')).toBe('a\nb\n')
  await using unseen = await openSession({ volumes: { data: { mountPath: volume, driverPath: false } } })
  await expect(unseen.shoal.files('volume://data/in.txt').collect()).rejects.toThrow('does not see the volume "data"')
  const failing = other.shoal.files('volume://elsewhere/x').collect()
  await expect(failing).rejects.toMatchObject({ code: 'SHOAL_UNREACHABLE' })
})
