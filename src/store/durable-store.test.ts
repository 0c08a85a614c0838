import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { openDurableStore, storeOn } from './durable-store.ts'
import { openJournal } from './journal/journal.ts'
import { runAgainstModel } from './store-model.ts'
import { configMap, create, disposable, environment, keysOf, storeSuite, update } from './store-suite.ts'
import { StoreError } from './store.ts'

const root = mkdtempSync(join(tmpdir(), 'shoal-store-'))
const mounts: string[] = []
let made = 0

afterAll(() => {
  for (const mount of mounts) execFileSync('umount', [mount])
  rmSync(root, { recursive: true })
})

function newDirectory(): string {
  return join(root, String(made++))
}

/** A file system of its own in memory, or undefined where this user may not mount one. */
function mountSmall(options: string): string | undefined {
  const directory = newDirectory()
  try {
    execFileSync('mkdir', [directory])
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory], { stdio: 'ignore' })
    mounts.push(directory)
    return directory
  } catch {
    return undefined
  }
}

storeSuite('durable store', (options) => openDurableStore(newDirectory(), environment, options))

test('a store that is opened again has the same objects and goes on with higher revisions', async () => {
  const directory = newDirectory()
  const store = await openDurableStore(directory, environment, { history: { commits: 100 } })
  await runAgainstModel(store, 42)
  const before = [...store.durable().list('configmaps')]
  const { revision } = store.durable()
  await store.close()
  await using again = disposable(await openDurableStore(directory, environment))
  expect([...again.durable().list('configmaps')]).toEqual(before)
  expect(again.durable().count('configmaps', 'n1/')).toBe(before.filter((entry) => entry.key.startsWith('n1/')).length)
  expect(Object.isFrozen(again.durable().get('configmaps', before[0]!.key)!.object.metadata)).toBe(true)
  expect(again.durable().revision).toBe(revision)
  expect(again.history(revision)).toEqual([])
  expect(again.history(revision - 1)).toBeUndefined()
  expect((await create(again, 'later')).revision).toBe(revision + 1)
})

test('a failed flush rejects the whole pending tail, and its revisions are not used again', async () => {
  const { state, journal: file } = await openJournal(newDirectory(), 1, environment)
  let failing = false
  const gate = Promise.withResolvers<void>()
  const failure = new StoreError('full', 'Cannot write: full', 'Free space')
  const write: typeof file.write = async (commits, after) => {
    if (!failing) return file.write(commits, after)
    await gate.promise
    failing = false
    throw failure
  }
  const journal = { write, close: () => file.close() }
  await using store = disposable(storeOn({ state, journal }, environment))
  const { revision } = await create(store, 'kept')
  failing = true
  const told: number[] = []
  store.onDurable((commits) => told.push(...commits.map((commit) => commit.revision)))
  const inFlight = create(store, 'a')
  await Promise.resolve()
  const behind = update(store, 'a', 'x')
  expect(keysOf(store.head())).toEqual(['default/a', 'default/kept'])
  gate.resolve()
  expect(await Promise.allSettled([inFlight, behind])).toEqual([
    { status: 'rejected', reason: failure },
    { status: 'rejected', reason: failure },
  ])
  expect(keysOf(store.head())).toEqual(['default/kept'])
  const next = await create(store, 'a', 'second')
  expect(next.revision).toBe(revision + 3)
  expect(told).toEqual([revision + 3])
  expect(store.history(revision)!.map((commit) => commit.revision)).toEqual([revision + 3])
})

const small = mountSmall('size=3m')

test.skipIf(small === undefined)(
  'a full disk refuses commits with code full, and the store goes on when there is room',
  async () => {
    const directory = join(small!, 'data')
    const store = await openDurableStore(directory, environment)
    await create(store, 'kept')
    const value = 'x'.repeat(100_000)
    let stored = 0
    const fill = async () => {
      for (; stored < 100; stored++) await create(store, `big${stored}`, value)
    }
    await expect(fill()).rejects.toMatchObject({ name: 'StoreError', code: 'full' })
    await expect(create(store, 'other', value)).rejects.toMatchObject({ code: 'full' })
    expect(store.head()).toBe(store.durable())
    execFileSync('mount', ['-o', 'remount,size=6m', small!])
    await create(store, 'other', value)
    await store.close()
    await using again = disposable(await openDurableStore(directory, environment))
    expect(again.durable().count('configmaps')).toBe(stored + 2)
  },
)

const tiny = mountSmall('size=64k')

test.skipIf(tiny === undefined)(
  'a disk that is full already: what is there is served, and nothing is written',
  async () => {
    const directory = join(tiny!, 'data')
    const store = await openDurableStore(directory, environment)
    await create(store, 'kept')
    await store.close()
    expect(() => writeFileSync(join(tiny!, 'filler'), Buffer.alloc(100_000))).toThrow('ENOSPC')
    await using again = disposable(await openDurableStore(directory, environment))
    expect(keysOf(again.durable())).toEqual(['default/kept'])
    await expect(create(again, 'more', 'x'.repeat(10_000))).rejects.toMatchObject({ code: 'full' })
    rmSync(join(tiny!, 'filler'))
    await create(again, 'more', 'x'.repeat(10_000))
  },
)

const readOnly = mountSmall('ro')

test.skipIf(readOnly === undefined)('a directory that cannot be written is refused with code read-only', async () => {
  await expect(openDurableStore(join(readOnly!, 'data'), environment)).rejects.toMatchObject({ code: 'read-only' })
})

test('a directory where a file is in the way is refused with code io', async () => {
  const path = newDirectory()
  writeFileSync(path, '')
  await expect(openDurableStore(join(path, 'data'), environment)).rejects.toMatchObject({
    name: 'StoreError',
    code: 'io',
  })
})

test('a directory in use is refused, to this process and to others, until it is closed', async () => {
  const directory = newDirectory()
  const store = await openDurableStore(directory, environment)
  const locked = `Cannot open data directory "${directory}": it is used by process ${process.pid}, expected no other user`
  await expect(openDurableStore(directory, environment)).rejects.toMatchObject({ code: 'locked', message: locked })
  expect(lockElsewhere(directory)).toBe('locked')
  await store.close()
  expect(lockElsewhere(directory)).toBe('free')
  await (await openDurableStore(directory, environment)).close()
})

function lockElsewhere(directory: string): string {
  const url = pathToFileURL(join(import.meta.dirname, 'data-directory.ts')).href
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(url)})
    await lockDirectory(${JSON.stringify(directory)}).then(() => console.log('free'), (error) => console.log(error.code))`
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).trim()
}

function changesIn(directory: string): string {
  return join(
    directory,
    readdirSync(directory).find((name) => name.startsWith('changes.'))!,
  )
}

/** Changes one byte of `needle` wherever the data file has it. */
function damage(directory: string, needle: string): void {
  const path = changesIn(directory)
  const bytes = readFileSync(path)
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) bytes[at]! ^= 1
  writeFileSync(path, bytes)
}

test('a damaged record is named and the store is not opened', async () => {
  const directory = newDirectory()
  const store = await openDurableStore(directory, environment)
  await create(store, 'fine', 'untouched')
  await create(store, 'broken', 'precious')
  await store.close()
  damage(directory, 'precious')
  await expect(openDurableStore(directory, environment)).rejects.toMatchObject({
    code: 'damaged',
    message: expect.stringMatching(/^Cannot load "changes\.\d+" .+, from "configmaps\/default\/broken" on, is damaged/),
  })
  damage(directory, 'precious'.replace('p', 'q'))
  await (await openDurableStore(directory, environment)).close()
})

test('a data file with a damaged header, or cut short, or of something else, is refused as damaged', async () => {
  const directories = [newDirectory(), newDirectory(), newDirectory()] as const
  for (const directory of directories) {
    const store = await openDurableStore(directory, environment)
    await store.commit(
      Array.from({ length: 50 }, (_, i) => ({
        type: 'create',
        resource: 'configmaps',
        key: `default/${i}`,
        object: configMap(String(i), 'x'.repeat(10_000)),
      })),
    )
    await store.close()
  }
  damage(directories[0], '"kind"')
  truncateSync(changesIn(directories[1]), 100_000)
  writeFileSync(changesIn(directories[2]), 'something else'.repeat(1000))
  for (const directory of directories) {
    await expect(openDurableStore(directory, environment)).rejects.toMatchObject({
      name: 'StoreError',
      code: 'damaged',
    })
  }
})

test('an object with a key too long for the file is kept all the same', async () => {
  const directory = newDirectory()
  const key = `default/${'n'.repeat(3000)}`
  const store = await openDurableStore(directory, environment)
  await store.commit([{ type: 'create', resource: 'clusterroles', key, object: configMap('n') }])
  await store.close()
  await using again = disposable(await openDurableStore(directory, environment))
  expect(again.durable().get('clusterroles', key)).toBeDefined()
})

test('what was acknowledged survives SIGKILL, whole commits only, and the lock ends with the process', async () => {
  const directory = newDirectory()
  const url = (name: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, name)).href)
  const script = `
    const { openDurableStore } = await import(${url('durable-store.ts')})
    const { systemEnvironment } = await import(${url('../env/system.ts')})
    const store = await openDurableStore(${JSON.stringify(directory)}, systemEnvironment('error'))
    const make = (key) => ({ type: 'create', resource: 'configmaps', key, object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: key } } })
    for (let i = 0; ; i++) store.commit([make('one/' + i), make('two/' + i)]).then(() => console.log(i)), await null, i % 5 === 0 && (await store.commit([]))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let acknowledged = -1
  for await (const line of createInterface(child.stdout)) {
    acknowledged = Number(line)
    if (acknowledged >= 500) child.kill('SIGKILL')
  }
  await using store = disposable(await openDurableStore(directory, environment))
  const snapshot = store.durable()
  expect(snapshot.count('configmaps', 'one/')).toBeGreaterThan(acknowledged)
  expect(snapshot.count('configmaps', 'two/')).toBe(snapshot.count('configmaps', 'one/'))
})

test('changes that outweigh their state are written anew as one, while commits go on, and again after a restart', async () => {
  const directory = newDirectory()
  const options = { compaction: { leastBytes: 20_000 } }
  let store = await openDurableStore(directory, environment, options)
  const wanted = new Map<string, string>()
  for (let i = 0; i < 600; i++) {
    const name = `n${(i * 7) % 40}`
    const value = `${i}${'x'.repeat((i * 37) % 900)}`
    const change = wanted.has(name) ? update(store, name, value) : create(store, name, value)
    wanted.set(name, value)
    if (i % 3 === 0) await change
    if (i % 200 !== 199) continue
    await change
    await store.close()
    const names = readdirSync(directory).filter((each) => /^(state|changes)/.test(each))
    expect(names.length).toBeLessThanOrEqual(4)
    expect(names.some((each) => each.startsWith('state.'))).toBe(true)
    store = await openDurableStore(directory, environment, options)
    const found = [...store.durable().list('configmaps')].map((entry) => [
      entry.object.metadata.name,
      (entry.object as ReturnType<typeof configMap>).data.value,
    ])
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted))
  }
  await store.close()
})
