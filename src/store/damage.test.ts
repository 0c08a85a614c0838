import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { digestOf, seeded } from './damage-trial.ts'
import { openLmdbStore } from './lmdb-store.ts'
import { configMap, environment } from './store-suite.ts'
import type { Mutation } from './store.ts'

const root = mkdtempSync(join(tmpdir(), 'shoal-damage-'))
/** How many ways to damage the file are tried. */
const SEEDS = Number(process.env['SHOAL_DAMAGE_SEEDS'] ?? 60)
const RECORDS = 2500

afterAll(() => rmSync(root, { recursive: true }))

/** A store with records of many sizes, some of which were deleted again, so that there are free pages. */
async function makeStore(directory: string): Promise<string> {
  const random = seeded(1)
  const store = await openLmdbStore(directory, environment)
  const write = (type: 'create' | 'update' | 'delete', i: number): Mutation => {
    const name = `${i}-${'n'.repeat((i * i) % 150)}`
    const [resource, key] = ['configmaps', `default/${name}`]
    if (type === 'delete') return { type, resource, key }
    return { type, resource, key, object: configMap(name, 'value '.repeat(Math.floor(8000 ** random()))) }
  }
  for (let i = 0; i < RECORDS; i += 50)
    await store.commit(Array.from({ length: 50 }, (_, each) => write('create', i + each)))
  for (let i = 0; i < RECORDS; i += 5) {
    // Not awaited one by one: they share flushes.
    const change = store.commit([write(i % 2 === 0 ? 'delete' : 'update', i)])
    if (i % 50 === 0) await change
  }
  await store.commit([write('create', RECORDS)])
  const digest = digestOf(store)
  await store.close()
  return digest
}

test(
  `whatever bytes of the file are overwritten, the store is refused or has all its records: ${SEEDS} seeds`,
  async () => {
    const directory = join(root, 'random')
    const digest = await makeStore(directory)
    const script = join(import.meta.dirname, 'damage-trial.ts')
    const { stdout, signal, stderr } = spawnSync(process.execPath, [script, directory, digest, '0', String(SEEDS)], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    const lines = stdout.trimEnd().split('\n')
    expect({ signal, stderr }, `after ${lines.at(-1)}`).toEqual({ signal: null, stderr: '' })
    const outcomes = lines.filter((line) => !/: (same|(damaged|io): Cannot .+: .+, expected .+)$/.test(line))
    expect(outcomes).toEqual([])
    expect(lines).toHaveLength(SEEDS)
    expect(lines.some((line) => /its page \d+ is damaged/.test(line))).toBe(true)
  },
  120_000 + SEEDS * 1000,
)

test('an overwritten inner page is named, and LMDB never sees it', async () => {
  const directory = join(root, 'inner')
  await makeStore(directory)
  const path = join(directory, 'objects.mdb')
  const bytes = readFileSync(path)
  bytes.fill(0xa5, 20_000, 120_000)
  writeFileSync(path, bytes)
  await expect(openLmdbStore(directory, environment)).rejects.toMatchObject({
    name: 'StoreError',
    code: 'damaged',
    message: expect.stringMatching(
      /^Cannot load data directory ".+": its page \d+ is damaged \(.+\), expected a whole data file$/,
    ),
  })
})

test('a meta page that lost its number is refused: LMDB would go back to the state before, in silence', async () => {
  const directory = join(root, 'meta')
  await makeStore(directory)
  const path = join(directory, 'objects.mdb')
  const bytes = readFileSync(path)
  const newer = bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(4096 + 152) ? 0 : 4096
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(newer + 152) - 4n, newer + 152)
  writeFileSync(path, bytes)
  await expect(openLmdbStore(directory, environment)).rejects.toMatchObject({
    code: 'damaged',
    message: expect.stringMatching(/: its meta pages, 0 and 1, are of transactions \d+ and \d+, expected /),
  })
})
