import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSession } from '../dataset/session.fixture.ts'
import type { TestSession } from '../dataset/session.fixture.ts'

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
  const failing = other.shoal.files('volume://elsewhere/x').collect()
  await expect(failing).rejects.toMatchObject({ code: 'SHOAL_UNREACHABLE' })
})
