import { expect, test } from 'vitest'
import { systemEnvironment } from '../env/system.ts'
import type { KubeObject } from '../api/object.ts'
import type { StoreOptions } from './core.ts'
import { runAgainstModel } from './store-model.ts'
import type { Commit, Store } from './store.ts'

export const environment = systemEnvironment('error')

/** Makes a store with nothing in it; whoever supplies it disposes of its files. */
export type OpenStore = (options?: StoreOptions) => Promise<Store>

/** A ConfigMap with one value, which is all that a store needs to know of an object. */
export function configMap(name: string, value = ''): KubeObject & { readonly data: { readonly value: string } } {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { value } }
}

export function create(store: Store, name: string, value = ''): Promise<Commit> {
  const object = configMap(name, value)
  return store.commit([{ type: 'create', resource: 'configmaps', key: `default/${name}`, object }])
}

export function update(store: Store, name: string, value: string): Promise<Commit> {
  const object = configMap(name, value)
  return store.commit([{ type: 'update', resource: 'configmaps', key: `default/${name}`, object }])
}

export function keysOf(snapshot: ReturnType<Store['head']>, prefix = ''): string[] {
  return [...snapshot.list('configmaps', { prefix })].map((entry) => entry.key)
}

/** What every store does, whatever it is made of. */
export function storeSuite(name: string, openStore: OpenStore): void {
  const it = (claim: string, body: (open: OpenStore) => Promise<void>) =>
    test(`${name}: ${claim}`, () => body(openStore))
  commitSuite(it)
  snapshotSuite(it)
  historySuite(it)
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`agrees with a plain model, seed ${seed}`, async (open) => {
      const store = await open({ history: { commits: 100 } })
      await runAgainstModel(store, seed)
      await store.close()
    })
  }
}

type It = (claim: string, body: (open: OpenStore) => Promise<void>) => void

function commitSuite(it: It): void {
  it('sets the resourceVersion of what it stores and freezes it deeply', async (open) => {
    await using store = disposable(await open())
    const commit = await create(store, 'a', 'x')
    const { object } = store.durable().get('configmaps', 'default/a')!
    expect(object.metadata.resourceVersion).toBe(String(commit.revision))
    expect(() => Object.assign(object.metadata, { name: 'b' })).toThrow(TypeError)
    expect(() => Object.assign((object as ReturnType<typeof configMap>).data, { value: 'y' })).toThrow(TypeError)
  })

  it('shows a pending commit to writers and not to readers', async (open) => {
    await using store = disposable(await open())
    const pending = create(store, 'a')
    expect(keysOf(store.head())).toEqual(['default/a'])
    expect(keysOf(store.durable())).toEqual([])
    await pending
    expect(keysOf(store.durable())).toEqual(['default/a'])
  })

  it('tells listeners of a commit before its caller', async (open) => {
    await using store = disposable(await open())
    const order: string[] = []
    const stop = store.onDurable((commits) => order.push(...commits.map((commit) => `told ${commit.revision}`)))
    const first = create(store, 'a').then((commit) => order.push(`resolved ${commit.revision}`))
    const start = store.durable().revision
    await first
    stop()
    await create(store, 'b')
    expect(order).toEqual([`told ${start + 1}`, `resolved ${start + 1}`])
  })

  it('refuses a mutation that does not fit, and keeps nothing of its commit', async (open) => {
    await using store = disposable(await open())
    await create(store, 'a')
    const { revision } = store.head()
    const object = configMap('b')
    const fits = { type: 'create', resource: 'configmaps', key: 'default/b', object } as const
    const taken = { type: 'create', resource: 'configmaps', key: 'default/a', object: configMap('a') } as const
    expect(() => store.commit([fits, taken])).toThrow(
      new TypeError('Cannot create "configmaps/default/a": it is present, expected absent'),
    )
    expect(() => store.commit([{ ...fits, type: 'update' }])).toThrow(TypeError)
    expect(() => store.commit([{ type: 'delete', resource: 'configmaps', key: 'default/b' }])).toThrow(TypeError)
    expect(store.head().revision).toBe(revision)
    expect(keysOf(store.head())).toEqual(['default/a'])
  })

  it('applies the mutations of one commit in order and as one revision', async (open) => {
    await using store = disposable(await open())
    const at = { resource: 'configmaps', key: 'default/a' } as const
    const commit = await store.commit([
      { ...at, type: 'create', object: configMap('a', '1') },
      { ...at, type: 'delete' },
      { ...at, type: 'create', object: configMap('a', '2') },
      { type: 'create', resource: 'nodes', key: 'n', object: configMap('n') },
    ])
    expect(commit.changes.map((change) => change.type)).toEqual(['create', 'delete', 'create', 'create'])
    expect(store.durable().get('configmaps', 'default/a')).toMatchObject({
      created: commit.revision,
      modified: commit.revision,
      object: { data: { value: '2' } },
    })
    expect([...store.durable().resources()]).toEqual(['configmaps', 'nodes'])
  })

  it('gives a deletion the last state with the revision of the deletion', async (open) => {
    await using store = disposable(await open())
    const created = await create(store, 'a', 'x')
    const commit = await store.commit([{ type: 'delete', resource: 'configmaps', key: 'default/a' }])
    const [change] = commit.changes
    expect(change).toMatchObject({ type: 'delete', previous: { modified: created.revision } })
    expect(change!.entry.object).toMatchObject({ data: { value: 'x' } })
    expect(change!.entry.object.metadata.resourceVersion).toBe(String(commit.revision))
    expect([...store.durable().resources()]).toEqual([])
  })

  it('waits for what is pending when it closes, and refuses what comes after', async (open) => {
    const store = await open()
    const pending = create(store, 'a')
    await store.close()
    await pending
    await expect(create(store, 'b')).rejects.toMatchObject({ name: 'StoreError', code: 'closed' })
  })
}

function snapshotSuite(it: It): void {
  it('keeps a snapshot as it was while objects come, change and go', async (open) => {
    await using store = disposable(await open())
    await Promise.all(Array.from({ length: 200 }, (_, i) => create(store, `a${i}`, 'old')))
    const before = store.durable()
    const keys = keysOf(before)
    const iterator = before.list('configmaps')[Symbol.iterator]()
    iterator.next()
    for (let i = 0; i < 200; i++) {
      const at = { resource: 'configmaps', key: `default/a${i}` } as const
      if (i % 2 === 0) void store.commit([{ ...at, type: 'delete' }])
      else void update(store, `a${i}`, 'new')
    }
    await create(store, 'z')
    expect(keysOf(before)).toEqual(keys)
    expect(before.count('configmaps')).toBe(200)
    expect([...{ [Symbol.iterator]: () => iterator }]).toHaveLength(199)
    expect([...before.list('configmaps')].every((entry) => JSON.stringify(entry.object).includes('old'))).toBe(true)
    expect(store.durable().count('configmaps')).toBe(101)
  })

  it('lists in order of key, by prefix, from after a key on', async (open) => {
    await using store = disposable(await open())
    const keys = ['b/x', 'a-b/x', 'a/y', 'a/x', 'a/xx', 'cluster']
    await store.commit(keys.map((key) => ({ type: 'create', resource: 'configmaps', key, object: configMap('x') })))
    const snapshot = store.durable()
    expect(keysOf(snapshot)).toEqual(['a-b/x', 'a/x', 'a/xx', 'a/y', 'b/x', 'cluster'])
    expect(keysOf(snapshot, 'a/')).toEqual(['a/x', 'a/xx', 'a/y'])
    const after = [...snapshot.list('configmaps', { prefix: 'a/', after: 'a/x' })]
    expect(after.map((entry) => entry.key)).toEqual(['a/xx', 'a/y'])
    expect([...snapshot.list('configmaps', { after: 'a/w' })].map((entry) => entry.key)[0]).toBe('a/x')
    expect([...snapshot.list('configmaps', { prefix: 'b/', after: 'a/x' })].map((entry) => entry.key)).toEqual(['b/x'])
    expect(['', 'a/', 'a', 'a/x', 'none/'].map((prefix) => snapshot.count('configmaps', prefix))).toEqual([
      6, 3, 4, 2, 0,
    ])
    expect(snapshot.count('secrets')).toBe(0)
  })
}

function historySuite(it: It): void {
  it('has the history after a revision, the states in it, and neither where they are compacted away', async (open) => {
    await using store = disposable(await open())
    const start = store.durable().revision
    for (let i = 0; i < 300; i++) await create(store, `a${String(i).padStart(3, '0')}`)
    expect(store.history(start)!.map((commit) => commit.revision - start)).toEqual(
      Array.from({ length: 300 }, (_, i) => i + 1),
    )
    expect(store.history(start + 300)).toEqual([])
    expect(store.history(start - 1)).toBeUndefined()
    expect([0, 1, 64, 100, 300].map((n) => store.at(start + n)!.count('configmaps'))).toEqual([0, 1, 64, 100, 300])
    store.compact(start + 70)
    expect(store.history(start + 69)).toBeUndefined()
    expect(store.at(start + 69)).toBeUndefined()
    expect(store.history(start + 70)).toHaveLength(230)
    expect(store.at(start + 70)!.count('configmaps')).toBe(70)
    expect(store.at(start + 301)).toBeUndefined()
  })

  it('forgets what is beyond its bound of commits', async (open) => {
    await using store = disposable(await open({ history: { commits: 50 } }))
    const start = store.durable().revision
    for (let i = 0; i < 500; i++) await create(store, `a${i}`)
    expect(store.history(start)).toBeUndefined()
    expect(store.history(start + 500 - 50)).toHaveLength(50)
    expect(store.history(start + 500 - 50 - 64)).toBeUndefined()
  })
}

export function disposable(store: Store): Store & AsyncDisposable {
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() })
}
