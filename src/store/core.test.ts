import { expect, test } from 'vitest'
import type { Environment } from '../env/environment.ts'
import { createMemoryStore } from './memory-store.ts'
import { create, disposable, environment } from './store-suite.ts'

test('commits older than the bound of age are forgotten when their time comes, without another commit', async () => {
  let now = 0
  const due: (() => void)[] = []
  const clock = { now: () => 0, monotonicMs: () => now }
  const timers: Environment['timers'] = {
    after: (_, action) => (due.push(action), { cancel: () => undefined }),
    soon: environment.timers.soon,
  }
  await using store = disposable(
    createMemoryStore({ clock, timers, log: environment.log }, { history: { ageMs: 10_000 } }),
  )
  const start = store.oldest()
  await create(store, 'a')
  now = 6000
  await create(store, 'b')
  now = 10_000
  due.shift()!()
  expect(store.oldest()).toBe(start + 1)
  now = 16_000
  due.shift()!()
  expect(store.oldest()).toBe(start + 2)
  expect(due).toHaveLength(0)
  await create(store, 'c')
  expect(due).toHaveLength(1)
})

test('a listener that throws is logged and keeps no other from hearing', async () => {
  const logged: unknown[] = []
  const log = { ...environment.log, error: (_: string, facts?: object) => void logged.push(facts) }
  await using store = disposable(createMemoryStore({ ...environment, log }))
  const heard: number[] = []
  const error = new Error('broken')
  store.onDurable(() => {
    throw error
  })
  store.onDurable((commits) => heard.push(commits.length))
  await create(store, 'a')
  expect(heard).toEqual([1])
  expect(logged).toEqual([{ error }])
})

test('more commits in waiting than the bound are refused with code busy, and leave no trace on the head', async () => {
  await using store = disposable(createMemoryStore(environment))
  const accepted = Array.from({ length: 10_000 }, (_, i) => create(store, `a${i}`))
  await expect(create(store, 'one-too-many')).rejects.toMatchObject({ name: 'StoreError', code: 'busy' })
  await Promise.all(accepted)
  expect(store.durable().count('configmaps')).toBe(10_000)
  await create(store, 'again')
})
