import { rmSync } from 'node:fs'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodes, pods } from '../../src/api/generated/resources.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { createHttpClient } from '../../src/client/http.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { openDurableStore } from '../../src/store/durable-store.ts'
import type { Mutation } from '../../src/store/store.ts'
import { figure, median } from '../figures.ts'
import { pod } from './pods.ts'
import { startShoal, tokenOf } from './server.ts'
import { watcherGrowth } from './watchers.ts'
import { wrk } from './wrk.ts'

/** So many Pods, with a twentieth as many Nodes. */
const SIZES = [4_000, 20_000, 100_000]
const RUNS = 3
/** What of the rates at the smallest size the project wants at the others. */
const WITHIN_PERCENT = 80

/** How start, memory and rates grow with the number of objects, and what is delivered with that of watchers. */
export async function sizes(print: (line: string) => void): Promise<void> {
  const samples = await storedSamples()
  let first: Rates | undefined
  for (const size of SIZES) {
    const directory = mkdtempSync(join(tmpdir(), 'shoal-size-'))
    try {
      await fill(directory, size, samples)
      const rates = await measure(print, directory, size)
      if (first !== undefined) compare(print, rates, first)
      first ??= rates
    } finally {
      rmSync(directory, { recursive: true })
    }
  }
  await watcherGrowth(print)
}

interface Rates {
  readonly creates: number
  readonly gets: number
}

function compare(print: (line: string) => void, rates: Rates, first: Rates): void {
  const goal = { goal: WITHIN_PERCENT }
  print(figure(`  creates, of those at ${SIZES[0]} Pods`, [(rates.creates / first.creates) * 100], '%', goal))
  print(figure(`  GETs, of those at ${SIZES[0]} Pods`, [(rates.gets / first.gets) * 100], '%', goal))
}

async function measure(print: (line: string) => void, directory: string, size: number): Promise<Rates> {
  await using server = await startShoal(directory)
  const isLargest = size === SIZES.at(-1)
  const ready = (server.readyMs ?? 0) / 1000
  print(figure(`${size} Pods, ${size / 20} Nodes: start to ready`, [ready], 's', isLargest ? { target: 5 } : {}))
  print(figure('  memory then', [server.rssMb() ?? 0], 'MB', isLargest ? { target: 1500 } : {}))
  const client = createHttpClient(server.endpoint)
  const token = await tokenOf(client)
  client.close()
  const target = { url: server.endpoint.server, token, directory: server.directory }
  const path = '/api/v1/namespaces/default/pods'
  await wrk(target, path, { creates: 'warm', seconds: 2 })
  const creates: number[] = []
  for (let i = 0; i < RUNS; i++) creates.push((await wrk(target, path, { creates: `made-${i}` })).rate)
  print(figure('  durable Pod creates, 32 connections', creates, 'creates/s'))
  const reads = await wrk(target, `${path}/p-1`)
  print(figure('  GETs, 32 connections', [reads.rate], 'GETs/s'))
  print(figure('  memory after that', [server.rssMb() ?? 0], 'MB'))
  return { creates: median(creates), gets: reads.rate }
}

interface Samples {
  readonly pod: KubeObject
  readonly node: KubeObject
}

/** A Pod and a Node as a server stores them. */
async function storedSamples(): Promise<Samples> {
  await using server = await startShoal()
  const client = createHttpClient(server.endpoint)
  await tokenOf(client)
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node' } } as KubeObject
  const samples = {
    pod: await client.create(pods, pod('sample')),
    node: await client.create(nodes, node as never),
  }
  client.close()
  return samples
}

async function fill(directory: string, size: number, samples: Samples): Promise<void> {
  const environment = systemEnvironment('error')
  const store = await openDurableStore(join(directory, 'store'), environment)
  const named = (object: KubeObject, name: string): KubeObject => ({
    ...structuredClone(object),
    metadata: { ...structuredClone(object.metadata), name, uid: environment.random.uuid() },
  })
  const mutations = function* (): Iterable<Mutation> {
    for (let i = 0; i < size; i++) {
      const name = `filled-${String(i).padStart(6, '0')}`
      yield { type: 'create', resource: 'pods', key: `default/${name}`, object: named(samples.pod, name) }
      if (i % 20 === 0) yield { type: 'create', resource: 'nodes', key: name, object: named(samples.node, name) }
    }
  }
  let batch: Mutation[] = []
  for (const mutation of mutations()) {
    if (batch.push(mutation) < 500) continue
    await store.commit(batch)
    batch = []
  }
  if (batch.length > 0) await store.commit(batch)
  await store.close()
}
