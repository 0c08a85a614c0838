import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import type { Environment } from '../env/environment.ts'
import { systemEnvironment } from '../env/system.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Commit, Store } from '../store/store.ts'
import type { WatchEvent } from './watch-event.ts'
import { createWatchHub } from './watch-hub.ts'
import type { Watch, WatchHub, WatchHubOptions, WatchRequest } from './watch-hub.ts'

const system = systemEnvironment('error')

/** Timers that fire when a test says so. */
function manualTimers() {
  const due: { readonly delayMs: number; readonly action: () => void }[] = []
  const timers: Environment['timers'] = {
    after(delayMs, action) {
      const timer = { delayMs, action }
      due.push(timer)
      return { cancel: () => void (due.includes(timer) && due.splice(due.indexOf(timer), 1)) }
    },
    soon: (action) => system.timers.soon(action),
  }
  return {
    timers,
    fire: (delayMs: number) =>
      due
        .splice(
          due.findIndex((timer) => timer.delayMs === delayMs),
          1,
        )[0]!
        .action(),
  }
}

function fixture(options?: WatchHubOptions) {
  const { timers, fire } = manualTimers()
  const store = createMemoryStore(system, { history: { commits: 200 } })
  const start = store.durable().revision
  return { store, start, hub: createWatchHub(store, { timers, log: system.log }, options), fire }
}

function pod(name: string, app: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: name.slice(name.indexOf('/') + 1), labels: { app } } }
}

function write(
  store: Store,
  type: 'create' | 'update' | 'delete',
  key: string,
  app = 'a',
  resource = 'pods',
): Promise<Commit> {
  if (type === 'delete') return store.commit([{ type, resource, key }])
  return store.commit([{ type, resource, key, object: pod(key, app) }])
}

/** A watch that notes what it hears, as `ADDED default/a @1` with revisions counted from the store's start. */
function record(
  hub: WatchHub,
  start: number,
  request: Omit<WatchRequest, 'resource'>,
  busy?: () => Promise<void> | undefined,
) {
  const lines: string[] = []
  const events: WatchEvent[] = []
  const closed = Promise.withResolvers<Error | undefined>()
  const say = (event: WatchEvent) =>
    event.type === 'BOOKMARK'
      ? `BOOKMARK @${event.revision - start}${event.initialEventsEnd ? ' end' : ''}`
      : `${event.type} ${event.entry.key} @${Number(event.entry.object.metadata.resourceVersion) - start}`
  const watch: Watch = hub.watch(
    { resource: 'pods', ...request },
    {
      events(batch) {
        events.push(...batch)
        lines.push(...batch.map(say))
        return busy?.()
      },
      closed: closed.resolve,
    },
  )
  return { lines, events, watch, closed: closed.promise }
}

/** Lets everything run that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => system.timers.soon(resolve))
}

const ofApp = (app: string) => (object: KubeObject) => object.metadata.labels?.app === app

test('a watch after a revision replays the history and goes on live, without gap or repetition', async () => {
  const { store, start, hub } = fixture()
  await write(store, 'create', 'default/a')
  await write(store, 'create', 'default/b')
  const heard = record(hub, start, { start: { type: 'after', revision: start + 1 } })
  void write(store, 'update', 'default/a')
  await write(store, 'delete', 'default/b')
  await settle()
  expect(heard.lines).toEqual(['ADDED default/b @2', 'MODIFIED default/a @3', 'DELETED default/b @4'])
})

test('an object that begins to match is ADDED, one that stops is DELETED in its last matching state at the new version', async () => {
  const { store, start, hub } = fixture()
  const one = record(hub, start, { start: { type: 'now' }, matches: ofApp('a') })
  const two = record(hub, start, { start: { type: 'now' }, matches: ofApp('a') })
  await settle()
  await write(store, 'create', 'default/x', 'b')
  await write(store, 'update', 'default/x', 'a')
  await write(store, 'update', 'default/x', 'a')
  await write(store, 'update', 'default/x', 'b')
  await write(store, 'delete', 'default/x')
  await write(store, 'create', 'default/y', 'a')
  await write(store, 'delete', 'default/y')
  const expected = ['ADDED default/x @2', 'MODIFIED default/x @3', 'DELETED default/x @4', 'ADDED default/y @6']
  expect(one.lines).toEqual([...expected, 'DELETED default/y @7'])
  const gone = one.events[2]! as Exclude<WatchEvent, { type: 'BOOKMARK' }>
  expect(gone.entry.object.metadata.labels).toEqual({ app: 'a' })
  expect(
    two.events.map((event, i) => 'entry' in event && 'entry' in one.events[i]! && event.entry === one.events[i].entry),
  ).toEqual(Array(5).fill(true))
  const replayed = record(hub, start, { start: { type: 'after', revision: start }, matches: ofApp('a') })
  await settle()
  expect(replayed.lines).toEqual(one.lines)
})

test('sendInitialEvents gives what exists as ADDED, then the bookmark of its end, then changes', async () => {
  const { store, start, hub } = fixture()
  await write(store, 'create', 'default/b')
  await write(store, 'create', 'default/a')
  await write(store, 'create', 'other/c')
  const heard = record(hub, start, { start: { type: 'initial', endBookmark: true }, prefix: 'default/' })
  await write(store, 'update', 'default/a')
  await write(store, 'update', 'other/c')
  await settle()
  expect(heard.lines).toEqual(['ADDED default/a @2', 'ADDED default/b @1', 'BOOKMARK @3 end', 'MODIFIED default/a @4'])
})

test('watches of one object, a namespace and all hear only of their own', async () => {
  const { store, start, hub } = fixture()
  const now = { start: { type: 'now' } } as const
  const object = record(hub, start, { ...now, key: 'default/a' })
  const namespace = record(hub, start, { ...now, prefix: 'default/' })
  const all = record(hub, start, now)
  await settle()
  await write(store, 'create', 'default/a')
  await write(store, 'create', 'default/b')
  await write(store, 'create', 'other/a')
  await write(store, 'create', 'default/a', 'a', 'secrets')
  expect([object, namespace, all].map((heard) => heard.lines.length)).toEqual([1, 2, 3])
  object.watch.close()
  await write(store, 'delete', 'default/a')
  expect([object, namespace, all].map((heard) => heard.lines.length)).toEqual([1, 3, 4])
  expect(hub.count()).toBe(2)
})

test('a watch after a compacted revision ends with 410 Expired', async () => {
  const { store, start, hub } = fixture()
  await write(store, 'create', 'default/a')
  await write(store, 'create', 'default/b')
  store.compact(start + 1)
  const heard = record(hub, start, { start: { type: 'after', revision: start } })
  expect(await heard.closed).toMatchObject({
    status: { code: 410, reason: 'Expired', message: `too old resource version: ${start} (${start + 1})` },
  })
  const fine = record(hub, start, { start: { type: 'after', revision: start + 1 } })
  await settle()
  expect(fine.lines).toEqual(['ADDED default/b @2'])
})

test('a watch after a future revision waits for it, and ends with Timeout when it does not come', async () => {
  const { store, start, hub, fire } = fixture()
  const lucky = record(hub, start, { start: { type: 'after', revision: start + 1 } })
  const unlucky = record(hub, start, { start: { type: 'after', revision: start + 100 } })
  await write(store, 'create', 'default/a')
  await settle()
  await write(store, 'create', 'default/b')
  expect(lucky.lines).toEqual(['ADDED default/b @2'])
  fire(3000)
  expect(await unlucky.closed).toMatchObject({
    status: { code: 504, reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
  })
})

test('bookmarks come about every minute to those who asked, at the last revision sent', async () => {
  const { store, start, hub, fire } = fixture()
  const asked = record(hub, start, { start: { type: 'now' }, bookmarks: true })
  const others = record(hub, start, { start: { type: 'now' } })
  await settle()
  await write(store, 'create', 'default/a', 'a', 'secrets')
  fire(60_000)
  fire(60_000)
  expect(asked.lines).toEqual(['BOOKMARK @1', 'BOOKMARK @1'])
  expect(others.lines).toEqual([])
})

test('a busy watcher gets what waited in one batch, one that is too slow is closed and others are not', async () => {
  const { store, start, hub } = fixture({ maxBufferedEvents: 3 })
  let idle = Promise.withResolvers<void>()
  const slow = record(hub, start, { start: { type: 'now' } }, () => idle.promise)
  const quick = record(hub, start, { start: { type: 'now' } })
  await settle()
  for (const key of ['a', 'b', 'c', 'd']) await write(store, 'create', `default/${key}`)
  expect(slow.lines).toHaveLength(1)
  idle.resolve()
  idle = Promise.withResolvers()
  await settle()
  expect(slow.lines).toHaveLength(4)
  for (const key of ['e', 'f', 'g', 'h']) await write(store, 'create', `default/${key}`)
  expect(await slow.closed).toBeUndefined()
  expect(quick.lines).toHaveLength(8)
  expect(hub.count()).toBe(1)
})

test('what a handler gives back that is no promise does not end its watch', async () => {
  const { store, start, hub } = fixture()
  const heard = record(hub, start, { start: { type: 'now' } }, (() => false) as never)
  await settle()
  for (const key of ['a', 'b']) await write(store, 'create', `default/${key}`)
  expect(heard.lines).toEqual(['ADDED default/a @1', 'ADDED default/b @2'])
  expect(hub.count()).toBe(1)
})

test('a watch begun by another listener while a commit is told hears of it once', async () => {
  const { store, start } = fixture()
  let heard: ReturnType<typeof record> | undefined
  store.onDurable(() => (heard ??= record(late, start, { start: { type: 'initial' } })))
  const late = createWatchHub(store, system)
  await write(store, 'create', 'default/a')
  await write(store, 'update', 'default/a')
  await settle()
  expect(heard!.lines).toEqual(['ADDED default/a @1', 'MODIFIED default/a @2'])
})

test('a handler that throws ends its own watch only, and closing the hub ends all', async () => {
  const { store, start, hub } = fixture()
  const failing = record(hub, start, { start: { type: 'now' } }, () => {
    throw new Error('receiver broke')
  })
  const other = record(hub, start, { start: { type: 'now' } })
  await settle()
  await write(store, 'create', 'default/a')
  expect(await failing.closed).toMatchObject({ message: 'receiver broke' })
  expect(other.lines).toHaveLength(1)
  hub.close()
  expect(await other.closed).toBeUndefined()
  expect(hub.count()).toBe(0)
})
