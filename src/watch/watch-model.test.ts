import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { systemEnvironment } from '../env/system.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Snapshot, Store } from '../store/store.ts'
import { createWatchHub } from './watch-hub.ts'
import type { WatchHub, WatchStart } from './watch-hub.ts'

const environment = systemEnvironment('error')

/** A linear congruential generator, for choices that a seed repeats. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function isOdd(object: KubeObject): boolean {
  return object.metadata.labels?.odd === 'true'
}

function selected(snapshot: Snapshot, matches: (object: KubeObject) => boolean): Map<string, string> {
  const entries = [...snapshot.list('pods')].filter((entry) => matches(entry.object))
  return new Map(entries.map((entry) => [entry.key, entry.object.metadata.resourceVersion!]))
}

function writeRandomly(store: Store, choose: (below: number) => number): Promise<unknown> {
  const at = { resource: choose(4) === 0 ? 'secrets' : 'pods', key: `n${choose(3)}/p${choose(10)}` }
  const present = store.head().get(at.resource, at.key) !== undefined
  if (present && choose(3) === 0) return store.commit([{ ...at, type: 'delete' }])
  const metadata = { name: at.key.slice(3), labels: { odd: String(choose(2) === 1) } }
  const object = { apiVersion: 'v1', kind: 'Pod', metadata }
  return store.commit([{ ...at, type: present ? 'update' : 'create', object }])
}

/** Follows a watch as an informer does, and objects to any event that does not fit what it has. */
function follow(
  hub: WatchHub,
  start: WatchStart,
  state: Map<string, string>,
  matches: (object: KubeObject) => boolean,
) {
  let last = start.type === 'after' ? start.revision : 0
  const problems: string[] = []
  const watch = hub.watch(
    { resource: 'pods', start, matches },
    {
      events(events) {
        for (const event of events) {
          if (event.type === 'BOOKMARK') {
            last = event.revision
            continue
          }
          const { key, object } = event.entry
          const revision = Number(object.metadata.resourceVersion)
          if (state.has(key) === (event.type === 'ADDED')) problems.push(`${event.type} ${key} @${revision}`)
          if (last > 0 && revision <= last) problems.push(`${key} @${revision} after @${last}`)
          if (last > 0) last = revision
          if (event.type === 'DELETED') state.delete(key)
          else state.set(key, object.metadata.resourceVersion!)
        }
      },
      closed: (error) => problems.push(String(error)),
    },
  )
  return { state, problems, watch, matches }
}

test.each([1, 2, 3, 4, 5, 6])(
  'watches begun at any time and revision end in the state of the store, seed %i',
  async (seed) => {
    const choose = seeded(seed)
    const store = createMemoryStore(environment)
    const hub = createWatchHub(store, environment)
    const first = store.durable().revision
    const followers: ReturnType<typeof follow>[] = []
    let last: Promise<unknown> = Promise.resolve()
    for (let i = 0; i < 600; i++) {
      last = writeRandomly(store, choose)
      if (choose(5) === 0) await last
      if (choose(15) !== 0) continue
      const matches = choose(2) === 0 ? isOdd : () => true
      const revision = first + choose(store.durable().revision - first + 1)
      const initial = choose(2) === 0
      const start: WatchStart = initial ? { type: 'initial', endBookmark: true } : { type: 'after', revision }
      const known = initial ? new Map<string, string>() : selected(store.at(revision)!, matches)
      followers.push(follow(hub, start, known, matches))
    }
    await last
    for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => environment.timers.soon(resolve))
    for (const { state, problems, matches } of followers) {
      expect(problems).toEqual([])
      expect(new Map([...state].toSorted())).toEqual(new Map([...selected(store.durable(), matches)].toSorted()))
    }
    expect(followers.length).toBeGreaterThan(20)
  },
)
