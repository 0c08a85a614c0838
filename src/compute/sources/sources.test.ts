import { chmodSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { RecordBatchReader, Table, tableFromJSON, tableToIPC } from 'apache-arrow'
import type { RecordBatchFileReader } from 'apache-arrow'
import { parquetMetadata } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWorkerProcesses } from '../worker-processes.ts'
import { openSession } from '../dataset/session.fixture.ts'
import type { TestSession } from '../dataset/session.fixture.ts'

let session: TestSession
beforeAll(async () => (session = await openSession()))
afterAll(() => session[Symbol.asyncDispose]())

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
const file = (name: string, content: string | Uint8Array) => {
  const path = join(session.directory, name)
  writeFileSync(path, content)
  return path
}
const warnings = () => session.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))

test('a CSV file whose quoted fields hold line ends, quotes and delimiters is cut between records alone', async () => {
  const rows = numbers(3000).map((n) => ({ id: String(n), text: `a\nb "${n}",\r\n${'x'.repeat(n % 50)}`, last: '' }))
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
  const text = rows.map(({ id, text: own, last }) => `${id},${quote(own)},${last}\r\n`).join('')
  const path = file('quoted.csv', `id,text,last\r\n${text}`)
  for (const blockBytes of [1, 1000, 33_333]) {
    expect(await session.shoal.files([path], { blockBytes }).csv().collect()).toEqual(rows)
  }
})

test('CSV without a header, with another delimiter and with columns of types', async () => {
  const { shoal } = session
  const path = file('plain.csv', '1;true;x\n\n;false;"y;z"\n')
  expect(await shoal.files(path).csv({ header: false, delimiter: ';' }).collect()).toEqual([
    ['1', 'true', 'x'],
    ['', 'false', 'y;z'],
  ])
  const types = { n: 'number', flag: 'boolean' } as const
  expect(
    await shoal
      .files(path)
      .csv({ header: ['n', 'flag', 'word'], delimiter: ';', types })
      .collect(),
  ).toEqual([
    { n: 1, flag: true, word: 'x' },
    { n: null, flag: false, word: 'y;z' },
  ])
})

test.each([
  ['too few fields', 'a,b\n1,2\n3\n4,5\n', 'it has 1 fields, expected 2', 3, 8],
  ['a quote within a field', 'a,b\n1,2\n3,x"y\n', 'a quote within a field without quotes', 3, 8],
  ['text after a quote', 'a,b\n1,2\n3,"x"y\n', 'text after the quote that ends a field', 3, 8],
  ['a quote that does not end', 'a,b\n1,2\n3,"x\n', 'a quoted field does not end', 3, 8],
])('malformed CSV fails with file, line and byte: %s', async (name, text, said, line, offset) => {
  const path = file(`${name}.csv`, text)
  const error = await session.shoal
    .files(path)
    .csv()
    .collect()
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'SHOAL_MALFORMED', facts: { path, line, offset } })
  expect((error as Error).message).toContain(said)
})

test('a field that is not of its type is named with its column', async () => {
  const path = file('types.csv', 'n\n1\ntwo\n')
  const failing = session.shoal
    .files(path)
    .csv({ types: { n: 'number' } })
    .collect()
  await expect(failing).rejects.toThrow('n is "two", expected a number, at line 3, byte 4')
})

test('malformed records are left out, counted and told on request', async () => {
  const { shoal } = session
  const csv = file('skipped.csv', 'a,b\n1,2\n3\n4,5\n6,7,8\n')
  expect(await shoal.files(csv).csv({ malformed: 'skip' }).collect()).toEqual([
    { a: '1', b: '2' },
    { a: '4', b: '5' },
  ])
  expect(warnings().at(-1)).toContain('2 malformed records were left out, the first of')
  const json = file('skipped.jsonl', '{"a":1}\n\n{"a":\n[2]\n')
  expect(await shoal.files(json).jsonLines({ malformed: 'skip' }).collect()).toEqual([{ a: 1 }, [2]])
  expect(warnings().at(-1)).toContain(`1 malformed records were left out, the first of ${json} at byte 9`)
})

test('a quote that does not end costs its own line where malformed records are left out, and the file is cut all the same', async () => {
  const { shoal } = session
  const line = `${'x'.repeat(99)}\n`
  const lines = 400_000
  const path = file('unended.csv', `a\n"never ends\n${line.repeat(lines)}`)
  const read = shoal.files([path], { blockBytes: 4 * 1024 * 1024 }).csv({ malformed: 'skip' })
  expect(await read.count()).toBe(lines)
  expect(warnings().at(-1)).toContain('1 malformed records were left out')
  const failing = shoal.files(path).csv().count()
  await expect(failing).rejects.toMatchObject({ code: 'SHOAL_MALFORMED', facts: { path, line: 2, offset: 2 } })
})

test('malformed JSON fails with file, line and byte', async () => {
  const path = file('bad.jsonl', '{"ä":1}\n{"b":}\n')
  const failing = session.shoal.files(path).jsonLines().collect()
  await expect(failing).rejects.toMatchObject({ code: 'SHOAL_MALFORMED', facts: { path, line: 2, offset: 9 } })
})

test('a Parquet file that is cut off, and one that is none, are refused by name', async () => {
  const { shoal } = session
  await shoal
    .dataset(numbers(1000).map((n) => ({ n })))
    .repartition(1)
    .writeParquet(join(session.directory, 'pq'))
  const path = join(session.directory, 'pq', 'part-00000.parquet')
  expect(await shoal.files(path).parquet().count()).toBe(1000)
  truncateSync(path, 500)
  await expect(shoal.files(path).parquet().collect()).rejects.toMatchObject({
    code: 'SHOAL_MALFORMED',
    facts: { path },
  })
  const text = file('text.parquet', 'this is no parquet file at all')
  await expect(shoal.files(text).parquet().collect()).rejects.toMatchObject({ code: 'SHOAL_MALFORMED' })
})

test('a row group of Parquet that is damaged fails with its file and rows, or is left out and counted', async () => {
  const { shoal } = session
  const rows = numbers(4000).map((n) => ({ n, text: `text ${(n * 7919) % 4000}` }))
  const to = join(session.directory, 'damaged')
  await shoal.dataset(rows).repartition(1).writeParquet(to, { rowGroupRows: 1000 })
  const path = join(to, 'part-00000.parquet')
  const written = await shoal.files(path).parquet<(typeof rows)[0]>().collect()
  const bytes = readFileSync(path)
  // The third row group, but for the page header: what is compressed there is no longer.
  const { row_groups: groups } = parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  const text = groups[2]!.columns[1]!.meta_data!
  const start = Number(text.dictionary_page_offset ?? text.data_page_offset)
  bytes.fill(0xff, start + 40, start + Number(text.total_compressed_size))
  writeFileSync(path, bytes)
  const failing = shoal.files(path).parquet({ malformed: 'fail' }).collect()
  await expect(failing).rejects.toMatchObject({ code: 'SHOAL_MALFORMED', facts: { path, rowStart: 0, rowEnd: 4000 } })
  const kept = await shoal.files(path).parquet({ malformed: 'skip' }).collect()
  expect(kept).toEqual([...written.slice(0, 2000), ...written.slice(3000)])
  expect(warnings().at(-1)).toContain(`1000 malformed records were left out, the first of rows 2000 to 2999 of ${path}`)
})

test('Arrow files are read, and what is none is refused by name', async () => {
  const rows = numbers(500).map((n) => ({ n, name: `name ${n}` }))
  const path = file('rows.arrow', tableToIPC(tableFromJSON(rows), 'file'))
  expect(await session.shoal.files(path).arrow().collect()).toEqual(rows)
  const stream = file('rows.stream', tableToIPC(tableFromJSON(rows), 'stream'))
  expect(await session.shoal.files(stream).arrow().collect()).toEqual(rows)
  const broken = file('broken.arrow', readFileSync(path).subarray(0, 300))
  await expect(session.shoal.files(broken).arrow().collect()).rejects.toMatchObject({
    code: 'SHOAL_MALFORMED',
    message: `Cannot read "${broken}" as Arrow: it has no footer`,
    facts: { path: broken },
  })
})

/** An Arrow file of ten batches of 100 rows. */
const batchesFile = (name: string) => {
  const rows = numbers(1000).map((n) => ({ n, name: `name ${n % 7}` }))
  const table = tableFromJSON(rows)
  const batches = numbers(10).flatMap((at) => table.slice(at * 100, at * 100 + 100).batches)
  return { rows, path: file(name, tableToIPC(new Table(batches), 'file')) }
}

test('record batches of an Arrow file are read by several tasks, in order, and one that is damaged is named', async () => {
  const { rows, path } = batchesFile('batches.arrow')
  const read = session.shoal.files(path, { blockBytes: 2000 }).arrow<(typeof rows)[0]>()
  expect(await read.collect()).toEqual(rows)
  const tasks = await read.mapBatches((batch) => [batch.length], { size: 10_000 }).collect()
  expect(tasks.length).toBeGreaterThan(3)
  expect(Math.max(...tasks)).toBeLessThan(500)
  const bytes = readFileSync(path)
  // The last batch but one, from its message on.
  const reader = RecordBatchReader.from(bytes) as RecordBatchFileReader
  const { offset } = [...reader.open().footer!.recordBatches()][8]!
  bytes.fill(0x7f, Number(offset), Number(offset) + 16)
  writeFileSync(path, bytes)
  await expect(session.shoal.files(path, { blockBytes: 1 }).arrow().collect()).rejects.toMatchObject({
    code: 'SHOAL_MALFORMED',
    message: expect.stringContaining(`Cannot read record batches 8 to 8 of "${path}": `),
  })
})

test('files that workers do not see are sent to them, of Parquet and Arrow what each task needs', async () => {
  const { rows, path } = batchesFile('unseen.arrow')
  const to = join(session.directory, 'unseen')
  await session.shoal.dataset(rows).repartition(1).writeParquet(to, { rowGroupRows: 100 })
  const sources = join(import.meta.dirname, '../../..')
  const nodeFlags = ['--permission', '--allow-worker', '--allow-addons', `--allow-fs-read=${sources}`]
  const pool = createWorkerProcesses({ count: 2, threads: 1, nodeFlags: [...nodeFlags, '--allow-fs-write=*'] })
  await using apart = await openSession({ pool })
  const { shoal } = apart
  const isSeen = (from: string) => process.permission.has('fs.read', from)
  expect(await shoal.map([path, sources], isSeen)).toEqual([false, true])
  expect(await shoal.files(path, { blockBytes: 2000 }).arrow().collect()).toEqual(rows)
  const parquet = shoal.files(join(to, '*'), { blockBytes: 2000 }).parquet<(typeof rows)[0]>()
  expect(await parquet.collect()).toEqual(rows)
  const lines = file('unseen.txt', rows.map(({ name }) => `${name}\n`).join(''))
  expect(await shoal.files(lines, { blockBytes: 500 }).lines().collect()).toEqual(rows.map(({ name }) => name))
})

test('files of any kind are records with their paths and bytes, and are spread over the workers', async () => {
  const contents = numbers(40).map((n) => Uint8Array.from(numbers(3000 + n), (at) => (at * 7 + n) % 256))
  const paths = contents.map((bytes, n) => file(`picture-${String(n).padStart(2, '0')}.bin`, bytes))
  const read = session.shoal.files(join(session.directory, 'picture-*.bin')).binaryFiles()
  expect(await read.collect()).toEqual(paths.map((path, n) => ({ path, bytes: contents[n] })))
  const pids = await read.map(() => process.pid).collect()
  expect(new Set(pids).size).toBe(2)
})

test('a file that nobody may read is refused at submission', async () => {
  const path = file('secret.txt', 'x')
  chmodSync(path, 0o000)
  const failing = session.shoal.files(path).collect()
  if (process.getuid?.() === 0) await expect(failing).resolves.toEqual(['x'])
  else await expect(failing).rejects.toMatchObject({ code: 'SHOAL_UNREADABLE', facts: { path } })
  await expect(session.shoal.files(join(session.directory, 'absent*')).collect()).rejects.toMatchObject({
    code: 'SHOAL_NO_FILE',
  })
})

test('an address is read by ranges where its server gives them, and refused where there is nothing', async () => {
  const lines = numbers(50_000).map((n) => `line ${n}`)
  const bytes = Buffer.from(`${lines.join('\n')}\n`)
  const ranges: string[] = []
  const server = createServer((request, response) => {
    if (request.url !== '/lines.txt?key=secret') return void response.writeHead(404).end()
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const headers = { 'accept-ranges': 'bytes', etag: '"v1"' }
    if (from === undefined) {
      return void response
        .writeHead(200, { ...headers, 'content-length': bytes.length })
        .end(request.method === 'HEAD' ? undefined : bytes)
    }
    ranges.push(request.headers.range!)
    response.writeHead(206, headers).end(bytes.subarray(Number(from), Number(to) + 1))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    const { shoal } = session
    const read = shoal.files([`${address}/lines.txt?key=secret`], { blockBytes: 100_000 }).lines()
    expect(await read.collect()).toEqual(lines)
    expect(ranges.length).toBeGreaterThan(4)
    const failing = shoal.files(`${address}/absent?key=secret`).collect()
    const error = await failing.catch((thrown: unknown) => thrown as Error)
    expect(error).toMatchObject({ code: 'SHOAL_UNREACHABLE' })
    expect(String((error as Error).message)).not.toContain('secret')
  } finally {
    server.close()
    server.closeAllConnections()
  }
})

test('a server that is busy for a while is asked again, and left alone for as long as it says', async () => {
  const bytes = Buffer.from('a\nb\nc\n')
  const ANSWERS: readonly (readonly [number, Record<string, string>])[] = [
    [503, {}],
    [429, { 'retry-after': '0' }],
    [500, {}],
  ]
  let refusals = 0
  const server = createServer((request, response) => {
    const [status, headers] = ANSWERS[request.method === 'GET' ? refusals : ANSWERS.length] ?? [200, {}]
    if (status !== 200) {
      refusals++
      return void response.writeHead(status, headers).end()
    }
    response.writeHead(200, { 'content-length': bytes.length }).end(request.method === 'HEAD' ? undefined : bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`
    expect(await session.shoal.files(address).lines().collect()).toEqual(['a', 'b', 'c'])
    expect(refusals).toBe(3)
  } finally {
    server.close()
    server.closeAllConnections()
  }
})

test('an address of the machine’s own is refused where workers are on others', async () => {
  await using elsewhere = await openSession({ workers: 1, network: true })
  const { shoal } = elsewhere
  for (const uri of ['http://localhost:9/x', 'https://127.0.0.1/x', 'http://[::1]:80/x']) {
    await expect(shoal.files(uri).collect()).rejects.toMatchObject({ code: 'SHOAL_UNREACHABLE', facts: { uri } })
  }
  const s3 = { endpoint: 'http://localhost:9000', accessKeyId: 'a', secretAccessKey: 'b' }
  await expect(shoal.files(['s3://bucket/x'], { s3 }).collect()).rejects.toThrow('each machine’s own')
  await expect(shoal.dataset([1]).writeText('s3://bucket/x', { s3 })).rejects.toMatchObject({
    code: 'SHOAL_UNREACHABLE',
  })
})
