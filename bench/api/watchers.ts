import { once } from 'node:events'
import { connect } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { configMaps } from '../../src/api/generated/resources.ts'
import { createHttpClient } from '../../src/client/http.ts'
import { openConnection } from '../../src/client/http/connection.ts'
import type { Endpoint } from '../../src/client/http/connection.ts'
import { figure, median } from '../figures.ts'
import { startShoal } from './server.ts'
import type { MeasuredServer } from './server.ts'

const PATH = '/api/v1/namespaces/default/configmaps?watch=1&allowWatchBookmarks=1'
const WATCHERS = 1_000
/** What is told of growth. */
const SIZES = [100, 1_000, 4_000]
const STREAMS_A_SESSION = 100

type Print = (line: string) => void

const configMap = (name: string) => ({
  apiVersion: 'v1' as const,
  kind: 'ConfigMap' as const,
  metadata: { name, namespace: 'default' },
  data: { value: 'x'.repeat(200) },
})

/** One connection: from before a durable write until its watcher has the event. */
export async function writeToEvent(print: Print, { endpoint }: MeasuredServer, writes = 500): Promise<void> {
  const client = createHttpClient(endpoint)
  const seen = new Map<string, () => void>()
  const watch = await client.watch(
    configMaps,
    { namespace: 'default' },
    { events: (events) => events.forEach(({ object }) => seen.get(object.metadata.name ?? '')?.()), closed: () => {} },
  )
  const times: number[] = []
  for (let i = 0; i < writes; i++) {
    const name = `latency-${i}`
    const event = new Promise<void>((resolve) => seen.set(name, resolve))
    const started = performance.now()
    await Promise.all([client.create(configMaps, configMap(name)), event])
    times.push(performance.now() - started)
  }
  watch.close()
  client.close()
  const sorted = times.slice(writes / 5).toSorted((a, b) => a - b)
  print(figure('one connection: durable write to watch event, p50', [median(sorted)], 'ms', { target: 2 }))
  print(figure('  p99', [sorted[Math.floor(sorted.length * 0.99)]!], 'ms'))
}

/** A thousand watchers of one kind: what an idle one costs, and how many events arrive in a second. */
export async function manyWatchers(print: Print, server: MeasuredServer, writes = 400): Promise<void> {
  const isOurs = server.rssMb() !== undefined
  const second = await costOf(server, (path) => openHttp2(server.endpoint, path))
  if (isOurs) print(figure('  memory of an idle watcher, HTTP/2', [second.kb], 'KB', { target: 30 }))
  const delivered = await deliveredPerSecond(server, second.counted, writes)
  print(figure(`${WATCHERS} watchers of one kind, HTTP/2: delivered`, [delivered], 'events/s', { goal: 100_000 }))
  second.close()
  const first = await costOf(server, (path) => openHttp1(server.endpoint, path))
  if (isOurs) print(figure('  memory of an idle watcher, HTTP/1.1', [first.kb], 'KB', { target: 100 }))
  const alsoDelivered = await deliveredPerSecond(server, first.counted, writes)
  print(figure(`${WATCHERS} watchers of one kind, HTTP/1.1: delivered`, [alsoDelivered], 'events/s', { goal: 100_000 }))
  first.close()
}

/** How what is delivered, and what a watcher costs, grow with their number; each size on a server of its own. */
export async function watcherGrowth(print: Print): Promise<void> {
  for (const [protocol, open] of [
    ['HTTP/2', openHttp2],
    ['HTTP/1.1', openHttp1],
  ] as const) {
    for (const size of SIZES) {
      await using server = await startShoal()
      const watchers = await costOf(server, (path) => open(server.endpoint, path, size), size)
      const delivered = await deliveredPerSecond(server, watchers.counted, 400_000 / size, size)
      print(figure(`${size} watchers of one kind, ${protocol}: delivered`, [delivered], 'events/s'))
      print(figure('  memory of an idle one', [watchers.kb], 'KB'))
      watchers.close()
    }
  }
}

/** Opens watchers from now on, and says what the server's memory grew by for each, once it has had time to tidy up. */
async function costOf(
  server: MeasuredServer,
  open: (path: string) => Promise<Watchers>,
  count = WATCHERS,
): Promise<Watchers & { readonly kb: number }> {
  const client = createHttpClient(server.endpoint)
  const { metadata } = await client.list(configMaps, { namespace: 'default', limit: 1 })
  client.close()
  await sleep(SETTLE_MS)
  const before = server.rssMb() ?? 0
  const watchers = await open(`${PATH}&resourceVersion=${metadata.resourceVersion}`)
  await sleep(SETTLE_MS)
  return { ...watchers, kb: (((server.rssMb() ?? 0) - before) * 1000) / count }
}

const SETTLE_MS = 2_000

interface Watchers {
  /** Events that have arrived at all of them together. */
  counted(): number
  close(): void
}

async function openHttp2(endpoint: Endpoint, path: string, count = WATCHERS): Promise<Watchers> {
  const { certificateAuthority: ca, clientCertificate: cert, clientKey: key, token, insecureSkipTlsVerify } = endpoint
  const trust = insecureSkipTlsVerify === true ? { rejectUnauthorized: false } : {}
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const sessions: ClientHttp2Session[] = []
  let events = 0
  for (let i = 0; i < count / STREAMS_A_SESSION; i++) {
    const session = connect(endpoint.server, { ca, cert, key, ...trust, settings: { initialWindowSize: 1 << 20 } })
    sessions.push(session)
    await once(session, 'connect')
    session.setLocalWindowSize(1 << 24)
    const streams = Array.from({ length: STREAMS_A_SESSION }, () => session.request({ ':path': path, ...headers }))
    await Promise.all(streams.map((each) => once(each, 'response')))
    for (const each of streams) each.on('data', (chunk: Buffer) => (events += linesIn(chunk)))
  }
  return { counted: () => events, close: () => sessions.forEach((each) => each.destroy()) }
}

async function openHttp1(endpoint: Endpoint, path: string, count = WATCHERS): Promise<Watchers> {
  const connection = openConnection(endpoint, 'bench')
  let events = 0
  for (let i = 0; i < count; i += 50) {
    const responses = Array.from({ length: 50 }, () => connection.send({ method: 'GET', path, streaming: true }))
    for (const response of await Promise.all(responses))
      response.on('data', (chunk: Buffer) => (events += linesIn(chunk))).on('error', () => {})
  }
  return { counted: () => events, close: () => connection.close() }
}

function linesIn(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) count++
  return count
}

async function deliveredPerSecond(
  { endpoint }: MeasuredServer,
  counted: () => number,
  writes: number,
  watchers = WATCHERS,
): Promise<number> {
  const client = createHttpClient(endpoint)
  // What was there before was sent first.
  let settled = -1
  while (settled !== counted()) {
    settled = counted()
    await sleep(200)
  }
  const started = performance.now()
  const prefix = `many-${Math.round(started)}`
  for (let at = 0; at < writes; at += 16) {
    const names = Array.from({ length: Math.min(16, writes - at) }, (_, i) => `${prefix}-${at + i}`)
    await Promise.all(names.map((name) => client.create(configMaps, configMap(name))))
  }
  while (counted() - settled < writes * watchers) await sleep(5)
  client.close()
  return ((writes * watchers) / (performance.now() - started)) * 1000
}
