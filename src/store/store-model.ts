import { expect } from 'vitest'
import type { Commit, Mutation, Snapshot, Store } from './store.ts'

type Model = Map<string, { readonly value: string; readonly revision: number }>

/**
 * Does a few hundred random commits and checks, against plain maps, the head, the durable state, snapshots held all
 * along, states of the past and the history. `seed` decides everything.
 */
export async function runAgainstModel(store: Store, seed: number): Promise<void> {
  const random = seeded(seed)
  const model: Model = new Map()
  const past = new Map<number, Model>()
  const held: Snapshot[] = []
  const told: Commit[] = []
  const start = store.durable().revision
  store.onDurable((commits) => told.push(...commits))
  for (let i = 0; i < 400; i++) {
    const mutations = randomMutations(random, model, store.head().revision + 1)
    const pending = store.commit(mutations)
    past.set(store.head().revision, new Map(model))
    if (i % 8 === 0) expectSame(store.head(), model)
    if (random() < 0.2) {
      await pending
      held.push(store.durable())
    }
  }
  await store.commit([])
  for (const snapshot of held) expectSame(snapshot, past.get(snapshot.revision)!)
  expect(told.map((commit) => commit.revision)).toEqual(Array.from({ length: 401 }, (_, i) => start + 1 + i))
  expectPast(store, past)
}

function expectPast(store: Store, past: ReadonlyMap<number, Model>): void {
  let known = 0
  for (const [revision, model] of past) {
    const snapshot = store.at(revision)
    expect(snapshot === undefined).toBe(store.history(revision) === undefined)
    if (snapshot !== undefined) expectSame(snapshot, model)
    if (snapshot !== undefined) known++
  }
  expect(known).toBeGreaterThanOrEqual(100)
  expect(known).toBeLessThan(300)
}

function expectSame(snapshot: Snapshot, model: Model): void {
  const found = [...snapshot.list('configmaps')].map((entry) => [entry.key, valueOf(entry.object), entry.modified])
  const keys = [...model.keys()].toSorted()
  expect(found).toEqual(keys.map((key) => [key, model.get(key)!.value, model.get(key)!.revision]))
  expect(snapshot.count('configmaps', 'n1/')).toBe(keys.filter((key) => key.startsWith('n1/')).length)
}

function valueOf(object: unknown): string {
  return (object as { readonly data: { readonly value: string } }).data.value
}

function randomMutations(random: () => number, model: Model, revision: number): Mutation[] {
  return Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    const at = { resource: 'configmaps', key: `n${Math.floor(random() * 3)}/o${Math.floor(random() * 80)}` }
    const value = String(random())
    const metadata = { name: at.key.slice(3), namespace: at.key.slice(0, 2) }
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } }
    const present = model.has(at.key)
    if (present && random() < 0.5) {
      model.delete(at.key)
      return { ...at, type: 'delete' }
    }
    model.set(at.key, { value, revision })
    return { ...at, type: present ? 'update' : 'create', object }
  })
}

/** Mulberry32: small, and good enough to pick keys. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
