import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { digestOf, seeded } from './damage-trial.ts'
import { openDurableStore } from './durable-store.ts'
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
  const store = await openDurableStore(directory, environment, { compaction: { leastBytes: 3 << 20 } })
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
    expect(lines.some((line) => /from "configmaps.+ on, is damaged/.test(line))).toBe(true)
  },
  120_000 + SEEDS * 1000,
)

test('a damaged segment is named with what it was about', async () => {
  const directory = join(root, 'inner')
  await makeStore(directory)
  const name = readdirSync(directory).find((each) => each.startsWith('state.'))!
  const path = join(directory, name)
  const bytes = readFileSync(path)
  bytes.fill(0xa5, 60_000, 60_010)
  writeFileSync(path, bytes)
  await expect(openDurableStore(directory, environment)).rejects.toMatchObject({
    name: 'StoreError',
    code: 'damaged',
    message: expect.stringMatching(
      /^Cannot load "state.\d+" from data directory ".+": what was written at byte \d+, from "configmaps\/default\/.+" on, is damaged, expected what was written$/,
    ),
  })
})

test('the last frame is missed where the mark says that it was flushed', async () => {
  const directory = join(root, 'last')
  const store = await openDurableStore(directory, environment)
  await store.commit([{ type: 'create', resource: 'configmaps', key: 'default/a', object: configMap('a') }])
  await store.commit([{ type: 'create', resource: 'configmaps', key: 'default/b', object: configMap('b') }])
  await store.close()
  const path = join(
    directory,
    readdirSync(directory).find((each) => each.startsWith('changes.'))!,
  )
  const bytes = readFileSync(path)
  const last = bytes.lastIndexOf('{"revision"')
  bytes.fill(0, last - 16, last + 1000)
  writeFileSync(path, bytes)
  await expect(openDurableStore(directory, environment)).rejects.toMatchObject({ code: 'damaged' })
})
