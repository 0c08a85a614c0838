import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeObject } from '../src/api/object.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { openDurableStore } from '../src/store/durable-store.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import { createWatchHub } from '../src/watch/watch-hub.ts'

const environment = systemEnvironment('error')

/** Measures the store and the watch hub; prints one figure a line. */
export async function run(print: (line: string) => void): Promise<void> {
  await durableCommits(print, 1, 1000)
  await durableCommits(print, 32, 20_000)
  await memoryCommits(print)
  await objectMemory(print)
  await historyMemory(print)
  await load(print)
  await plainWatchers(print)
  await selectiveWatchers(print)
  await singleObjectWatchers(print)
}

/** A Pod of about the size that one has once it runs. */
function pod(index: number): KubeObject {
  const container = {
    name: 'main',
    image: 'node:24',
    command: ['node', 'main.js'],
    env: Array.from({ length: 5 }, (_, i) => ({ name: `NAME_${i}`, value: `value ${index} ${i}` })),
    resources: { requests: { cpu: '100m', memory: '64Mi' } },
    terminationMessagePath: '/dev/termination-log',
    imagePullPolicy: 'IfNotPresent',
  }
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: '2026-01-31T12:00:00Z',
  }))
  const name = `pod-${index}`
  const metadata = { name, namespace: 'default', uid: `uid-${index}`, labels: { app: `app-${index % 100}` } }
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { containers: [container], restartPolicy: 'Always', nodeName: 'node-1' },
    status: { phase: 'Running', podIP: '10.0.0.1', conditions },
  }
  // Parsed, as one that came over the wire is.
  return JSON.parse(JSON.stringify(object)) as KubeObject
}

function write(store: Store, type: 'create' | 'update', index: number) {
  return store.commit([{ type, resource: 'pods', key: `default/pod-${index}`, object: pod(index) }])
}

async function withDirectory<T>(body: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-bench-'))
  try {
    return await body(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function durableCommits(print: (line: string) => void, inFlight: number, commits: number): Promise<void> {
  await withDirectory(async (directory) => {
    const store = await openDurableStore(directory, environment)
    let next = 0
    const writer = async () => {
      while (next < commits) await write(store, 'create', next++)
    }
    const start = performance.now()
    await Promise.all(Array.from({ length: inFlight }, writer))
    print(`durable commits, ${inFlight} in flight: ${rate(commits, start)}/s`)
    await store.close()
  })
}

async function memoryCommits(print: (line: string) => void): Promise<void> {
  const store = createMemoryStore(environment)
  const objects = Array.from({ length: 50_000 }, (_, i) => pod(i))
  const start = performance.now()
  for (const [i, object] of objects.entries()) {
    await store.commit([{ type: 'create', resource: 'pods', key: `default/pod-${i}`, object }])
  }
  print(`commits in memory: ${rate(objects.length, start)}/s`)
  await store.close()
}

function heapBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

async function fill(store: Store, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await write(store, 'create', i)
}

async function objectMemory(print: (line: string) => void): Promise<void> {
  const count = 20_000
  const before = heapBytes()
  const store = createMemoryStore(environment, { history: { commits: 0 } })
  await fill(store, count)
  const perObject = (heapBytes() - before) / count
  print(`memory per Pod of ${JSON.stringify(pod(0)).length} bytes of JSON: ${perObject.toFixed(0)} bytes${gcNote()}`)
  await store.close()
}

async function historyMemory(print: (line: string) => void): Promise<void> {
  const store = createMemoryStore(environment)
  await fill(store, 1000)
  store.compact(store.durable().revision)
  const before = heapBytes()
  for (let i = 0; i < 10_000; i++) await write(store, 'update', i % 1000)
  print(`memory of a history of 10,000 updates: ${((heapBytes() - before) / 1e6).toFixed(1)} MB${gcNote()}`)
  await store.close()
}

function gcNote(): string {
  return globalThis.gc === undefined ? ' (with garbage: run with --expose-gc)' : ''
}

async function load(print: (line: string) => void): Promise<void> {
  await withDirectory(async (directory) => {
    const store = await openDurableStore(directory, environment)
    await Promise.all(Array.from({ length: 5000 }, (_, i) => write(store, 'create', i)))
    await store.close()
    const start = performance.now()
    const again = await openDurableStore(directory, environment)
    print(`opening a store of ${again.durable().count('pods')} Pods: ${(performance.now() - start).toFixed(0)} ms`)
    await again.close()
  })
}

/** Starts `watchers`, does `commits` updates of `objects` objects, and gives the events that were received. */
async function watched(
  print: (line: string) => void,
  what: string,
  request: (index: number) => { readonly key?: string; readonly matches?: (object: KubeObject) => boolean },
  watchers: number,
): Promise<void> {
  const store = createMemoryStore(environment)
  const hub = createWatchHub(store, environment)
  await fill(store, 1000)
  let events = 0
  for (let i = 0; i < watchers; i++) {
    hub.watch(
      { resource: 'pods', start: { type: 'now' }, ...request(i) },
      { events: (batch) => void (events += batch.length), closed: () => undefined },
    )
  }
  await new Promise<void>((resolve) => environment.timers.soon(resolve))
  const objects = Array.from({ length: 5000 }, (_, i) => pod(i % 1000))
  const start = performance.now()
  for (const object of objects) {
    await store.commit([{ type: 'update', resource: 'pods', key: `default/${object.metadata.name}`, object }])
  }
  print(`${what}: ${rate(events, start)} events/s, ${rate(objects.length, start)} commits/s`)
  hub.close()
  await store.close()
}

function plainWatchers(print: (line: string) => void): Promise<void> {
  return watched(print, '1,000 watchers of all', () => ({}), 1000)
}

function selectiveWatchers(print: (line: string) => void): Promise<void> {
  const request = (i: number) => ({ matches: (object: KubeObject) => object.metadata.labels?.app === `app-${i % 100}` })
  return watched(print, '1,000 watchers with selectors', request, 1000)
}

function singleObjectWatchers(print: (line: string) => void): Promise<void> {
  return watched(print, '5,000 watchers of single objects', (i) => ({ key: `default/pod-${i % 1000}` }), 5000)
}

function rate(count: number, startMs: number): string {
  return Math.round((count / (performance.now() - startMs)) * 1000).toLocaleString('en')
}
