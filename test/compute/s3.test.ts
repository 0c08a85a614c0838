import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { S3mini } from 's3mini'
import { openSession } from '../../src/compute/dataset/session.fixture.ts'
import type { TestSession } from '../../src/compute/dataset/session.fixture.ts'
import { goProgram, whyMissing } from '../reference/go-programs.ts'

const missing = whyMissing('versitygw')
if (missing !== undefined) console.warn(`S3 is not tried: ${missing}`)

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

describe.skipIf(missing !== undefined)('datasets on a real S3 server', () => {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-s3-'))
  const keys = { accessKeyId: 'tester', secretAccessKey: 'a-secret-of-tests', region: 'eu-central-1' }
  let server: ChildProcess
  let session: TestSession
  let s3: { endpoint: string } & typeof keys
  let bucket: S3mini

  beforeAll(async () => {
    const [program, port] = await Promise.all([goProgram('versitygw'), freePort()])
    mkdirSync(join(directory, 'data'))
    const args = [
      '--port',
      `127.0.0.1:${port}`,
      '--access',
      keys.accessKeyId,
      '--secret',
      keys.secretAccessKey,
      '--region',
      keys.region,
    ]
    server = spawn(program, [...args, 'posix', join(directory, 'data')], { stdio: 'ignore' })
    await answers(port)
    s3 = { ...keys, endpoint: `http://127.0.0.1:${port}` }
    bucket = new S3mini({ ...keys, endpoint: `${s3.endpoint}/things` })
    await bucket.createBucket()
    session = await openSession()
  }, 900_000)

  afterAll(async () => {
    await session?.[Symbol.asyncDispose]()
    server?.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })

  const list = async (prefix: string) => ((await bucket.listObjects('/', prefix)) ?? []).map(({ Key }) => Key)

  test('what is written is read back, split by ranges; the manifest names the objects, and nothing else is left', async () => {
    const lines = numbers(60_000).map((n) => `line ${n}`)
    const { files, rows } = await session.shoal.dataset(lines).writeText('s3://things/out', { s3 })
    expect(rows).toBe(60_000)
    const manifest = JSON.parse((await bucket.getObject('out/_SUCCESS'))!) as {
      files: { name: string; rows: number }[]
    }
    expect(manifest.files.map(({ name }) => `s3://things/${name}`)).toEqual(files)
    expect(manifest.files.reduce((sum, file) => sum + file.rows, 0)).toBe(60_000)
    expect(await list('out/')).toEqual([...manifest.files.map(({ name }) => name), 'out/_SUCCESS'].sort())
    const read = session.shoal.files(['s3://things/out'], { s3, blockBytes: 50_000 }).lines()
    expect(await read.collect()).toEqual(lines)
    expect(await session.shoal.files(['s3://things/out/part-*.txt'], { s3 }).lines().count()).toBe(60_000)
  })

  test('an object larger than one part is uploaded in parts', async () => {
    const line = 'x'.repeat(999)
    const { bytes } = await session.shoal
      .dataset([0])
      .flatMap(() => Array.from({ length: 20_000 }, () => line))
      .writeText('s3://things/large', { s3 })
    expect(bytes).toBe(20_000_000)
    expect(await session.shoal.files(['s3://things/large'], { s3 }).lines().count()).toBe(20_000)
  })

  test('CSV and Parquet are read from objects', async () => {
    const rows = numbers(5000).map((n) => ({ n, text: `a "${n}",\nb` }))
    await session.shoal.dataset(rows).writeParquet('s3://things/parquet', { s3 })
    expect(await session.shoal.files(['s3://things/parquet'], { s3 }).parquet().collect()).toEqual(rows)
    await session.shoal.dataset(rows).writeCsv('s3://things/csv', { s3 })
    const csv = session.shoal.files(['s3://things/csv/*.csv'], { s3, blockBytes: 9000 }).csv({ types: { n: 'number' } })
    expect(await csv.collect()).toEqual(rows)
  })

  test('where a record fails no object appears and no upload is left open', async () => {
    const failing = session.shoal
      .dataset(numbers(20_000))
      .map((n) => {
        if (n === 19_999) throw new RangeError('the last')
        return n
      })
      .writeText('s3://things/failed', { s3 })
    await expect(failing).rejects.toThrow('the last')
    expect(await list('failed/')).toEqual([])
    expect(JSON.stringify(await bucket.listMultipartUploads('/', 'failed/'))).not.toContain('failed/part')
  })

  test('what is there already is refused, and replaced where that is said', async () => {
    const { shoal } = session
    await shoal.dataset(['old']).writeText('s3://things/twice', { s3 })
    const failing = shoal.dataset(['new']).writeText('s3://things/twice', { s3 })
    await expect(failing).rejects.toMatchObject({ code: 'SHOAL_OUTPUT_EXISTS' })
    await shoal.dataset(['new']).writeText('s3://things/twice', { s3, overwrite: true })
    expect(await shoal.files(['s3://things/twice'], { s3 }).lines().collect()).toEqual(['new'])
  })

  test('readers of what is being replaced see the old or the new objects: those that the manifest names', async () => {
    const { shoal } = session
    const { files } = await shoal.dataset(['old']).writeText('s3://things/swap', { s3 })
    // As it is before the manifest of the new ones is there, and before the old ones are removed.
    await bucket.putObject('swap/part-000000000-other.txt', 'of a writer that has not committed\n')
    expect(await shoal.files(['s3://things/swap'], { s3 }).lines().collect()).toEqual(['old'])
    await shoal.dataset(['new']).writeText('s3://things/swap', { s3, overwrite: true })
    expect(await shoal.files(['s3://things/swap'], { s3 }).lines().collect()).toEqual(['new'])
    expect((await list('swap/')).length).toBe(2)
    expect(await list('swap/')).not.toContain(files[0]!.replace('s3://things/', ''))
    const failing = shoal
      .dataset([1])
      .map(() => {
        throw new RangeError('no')
      })
      .writeText('s3://things/swap', { s3, overwrite: true })
    await expect(failing).rejects.toThrow('no')
    expect(await shoal.files(['s3://things/swap'], { s3 }).lines().collect()).toEqual(['new'])
    // Another program's mark says nothing of what belongs to it.
    await bucket.putObject('spark/_SUCCESS', '')
    await bucket.putObject('spark/part-0.txt', 'a\n')
    expect(await shoal.files(['s3://things/spark'], { s3 }).lines().collect()).toEqual(['a'])
  })

  test('what cannot be reached is refused at submission: no credentials, wrong ones, no such bucket, no object', async () => {
    const { shoal } = session
    const refused = (uri: string, options: Partial<typeof s3>) =>
      shoal
        .files([uri], { s3: { ...s3, ...options } })
        .collect()
        .catch((error: { code: string }) => error.code)
    expect(await refused('s3://things/out', { secretAccessKey: 'wrong-secret' })).toBe('SHOAL_UNREACHABLE')
    expect(await refused('s3://absent/out', {})).toBe('SHOAL_UNREACHABLE')
    expect(await refused('s3://things/absent', {})).toBe('SHOAL_NO_FILE')
    expect(await refused('s3:///x', {})).toBe('SHOAL_UNREACHABLE')
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

async function answers(port: number): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (open) return
    await wait(50)
  }
}
