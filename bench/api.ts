import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { pods, serviceAccounts } from '../src/api/generated/resources.ts'
import { createHttpClient } from '../src/client/http.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import { diskAlone } from './api/disk.ts'
import { newKinds } from './api/new-kinds.ts'
import { createPods } from './api/pods.ts'
import { otherServer, startBareServer, startShoal, tokenOf } from './api/server.ts'
import type { MeasuredServer } from './api/server.ts'
import { sizes } from './api/sizes.ts'
import { manyWatchers, writeToEvent } from './api/watchers.ts'
import { wrk } from './api/wrk.ts'
import type { WrkResult } from './api/wrk.ts'
import { figure, median } from './figures.ts'

const OBJECTS = 4000
const AT_REST_MS = 5000
/** Of creates: a collection of the whole heap falls into one run and not into another. */
const RUNS = 5
const PODS = '/api/v1/namespaces/default/pods'

type Print = (line: string) => void

/** How fast the API answers: in the process, and over HTTPS with durable writes where `wrk` is installed. */
export async function run(print: Print, { against }: { readonly against?: string } = {}): Promise<void> {
  if (!existsSync('/usr/bin/wrk')) print('over HTTPS: not measured, wrk is not installed')
  if (against !== undefined) {
    await using server = otherServer(against)
    return await measure(print, server)
  }
  await inProcess(print)
  if (!existsSync('/usr/bin/wrk')) return
  {
    await using server = await startShoal()
    await measure(print, server)
  }
  await sizes(print)
}

async function inProcess(print: Print): Promise<void> {
  await using cluster = await createCluster({ apiOnly: true })
  const { client } = cluster
  const metadata = { name: 'default', namespace: 'default' }
  await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
  await createPods(client, 'warm', OBJECTS)
  const creates = await perSecond(OBJECTS, () => createPods(client, 'p', OBJECTS))
  print(figure('in process: Pod creates', [creates], 'creates/s'))
  const gets = 100_000
  const read = async () => {
    for (let i = 0; i < gets; i++) await client.get(pods, { namespace: 'default', name: `p-${i % OBJECTS}` })
  }
  print(figure('in process: GETs', [await perSecond(gets, read)], 'GETs/s'))
}

async function measure(print: Print, server: MeasuredServer): Promise<void> {
  const client = createHttpClient(server.endpoint)
  const token = server.endpoint.token ?? (await tokenOf(client))
  if (server.endpoint.token !== undefined) await tokenOf(client)
  await createPods(client, 'l', OBJECTS - 1)
  await client.list(pods)
  const memory = server.rssMb()
  if (memory !== undefined) {
    print(figure(`memory right after ${OBJECTS} Pods and a LIST of them`, [memory], 'MB'))
    await sleep(AT_REST_MS)
    const atRest = { target: 200, kubernetes: '540 MB' }
    print(figure(`  at rest, ${AT_REST_MS / 1000} s later`, [server.rssMb() ?? memory], 'MB', atRest))
  }
  const target = { url: server.endpoint.server, token, directory: server.directory }
  await wrk(target, '/api/v1/pods', { connections: 1, seconds: 2 })
  const list = await wrk(target, '/api/v1/pods', { connections: 1 })
  const listAgainst = { target: 25, kubernetes: '110 to 160 ms' }
  print(figure(`HTTPS: LIST of ${OBJECTS} Pods`, [1000 / list.rate], 'ms', listAgainst))
  await wrk(target, PODS, { creates: 'warm' })
  {
    await using bare = await startBareServer()
    const other = { ...target, url: bare.url }
    const [posts, gets] = [await wrk(other, PODS, { creates: 'bare' }), await wrk(other, PODS)]
    const runs: WrkResult[] = []
    for (let i = 0; i < RUNS; i++) runs.push(await wrk(target, PODS, { creates: `made-${i}` }))
    const reads = await wrk(target, `${PODS}/p-1`)
    const [postsAfter, getsAfter] = [await wrk(other, PODS, { creates: 'bare' }), await wrk(other, PODS)]
    const what = 'HTTPS, 32 connections:'
    const rates = runs.map(({ rate }) => rate)
    const p99s = runs.map(({ p99Ms }) => p99Ms)
    print(figure(`${what} durable Pod creates`, rates, 'creates/s', { goal: 4000, kubernetes: '999' }))
    print(figure('  p99', p99s, 'ms', { target: 25, kubernetes: '90 ms' }))
    diskAlone(print, server.directory)
    print(figure(`${what} GETs`, [reads.rate], 'GETs/s', { goal: 12_000, kubernetes: '2,320' }))
    const [bareGets, barePosts] = [(gets.rate + getsAfter.rate) / 2, (posts.rate + postsAfter.rate) / 2]
    print(figure('  a bare Node server that parses POSTs', [barePosts], 'POSTs/s'))
    print(figure('  a bare Node server that answers GETs', [bareGets], 'GETs/s'))
    print(figure('  creates, of what the bare server does', [(median(rates) / barePosts) * 100], '%'))
    print(figure('  GETs, of what the bare server does', [(reads.rate / bareGets) * 100], '%'))
  }
  await newKinds(print, client)
  client.close()
  await writeToEvent(print, server)
  await manyWatchers(print, server)
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return (count / (performance.now() - started)) * 1000
}
