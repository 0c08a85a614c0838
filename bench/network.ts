import { fileURLToPath } from 'node:url'
import type { Pod, Service } from '../src/api/generated/core-v1.ts'
import { pods, services } from '../src/api/generated/resources.ts'
import type { Client } from '../src/client/client.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { until } from '../src/testing/until.ts'
import { figure } from './figures.ts'
import { loaderAt, startLoader } from './network-load.ts'
import type { Loader, Measured } from './network-load.ts'
import { startTcpProxies } from './peers/tcp-proxies.ts'
import type { Place } from './peers/tcp-proxies.ts'

const ROUNDS = 12
const FOR_MS = 250
const LANES = 32
/** Direct requests have a port of their own: a port of the client's that waits to be forgotten at one is no hindrance at the other. */
const [THROUGH, DIRECT] = [8080, 8081]
/** Where the pod that asks is told what. */
const ASKED = 8082
const SERVER = `for (const port of [${THROUGH}, ${DIRECT}])
  require('node:http').createServer((request, response) => response.end('.')).listen(port, '0.0.0.0')`

type Print = (line: string) => void

/** What a Service costs its clients: requests to a pod directly and through its Service, in turns. */
export async function run(print: Print): Promise<void> {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  if (isRoot) await balancedBy('the kernel', 'namespace', 95, print)
  else print('the kernel balances only where pods have networks of their own, which takes root')
  await balancedBy('a thread', 'loopback', 70, print)
}

/** `goal` in percent of what goes directly. */
async function balancedBy(who: string, podNetwork: 'namespace' | 'loopback', goal: number, print: Print) {
  await using cluster = await createCluster({ env: systemEnvironment('error'), runtime: 'process', podNetwork })
  await cluster.ready
  const { client } = cluster
  const service = await client.create(services, serviceObject)
  const [web, asker] = await Promise.all([readyPod(client, webObject), readyPod(client, askerObject)])
  const host = web.status?.podIP ?? ''
  const direct: Way = { name: 'directly', place: { host, port: DIRECT } }
  const through: Way = { name: 'through the Service', place: { host: service.spec?.clusterIP ?? '', port: 80 } }
  await using opened = new AsyncDisposableStack()
  // Where the kernel carries all of it, a program would be no peer.
  const proxies = podNetwork === 'loopback' ? await startTcpProxies({ host, port: THROUGH }) : []
  const peers = proxies.map((peer): Way => ({
    name: `through ${opened.use(peer).name}, for comparison`,
    place: peer.place,
  }))
  const fromHost = opened.use(startLoader())
  const fromPod = loaderAt({ host: asker.status?.podIP ?? '', port: ASKED })
  for (const loader of [fromHost, fromPod])
    for (const { place } of [direct, through, ...peers]) while (!(await answers(loader, place))) continue
  // What the host sends to a Service on loopback passes through the thread, which is held against other such programs.
  const hostGoal = podNetwork === 'loopback' ? {} : { goal }
  for (const keepAlive of [true, false]) {
    const how = keepAlive ? 'connections kept' : 'a connection each'
    print(`balanced by ${who}, from the host, ${how}`)
    await compare(fromHost, direct, [{ ...through, ...hostGoal }, ...peers], keepAlive, print)
    print(`balanced by ${podNetwork === 'loopback' ? 'the client' : who}, from a pod, ${how}`)
    await compare(fromPod, direct, [{ ...through, goal }], keepAlive, print)
  }
}

interface Way {
  readonly name: string
  readonly place: Place
  readonly goal?: number
}

/**
 * Each way in turn, between two looks at the direct one whose mean it is held against, so that what the machine does otherwise from one
 * second to the next is in both; the order turns with each round. The direct way is held against itself just so: how much of a
 * difference means nothing.
 */
async function compare({ load }: Loader, direct: Way, others: readonly Way[], keepAlive: boolean, print: Print) {
  const measured = async ({ place }: Way) => {
    const one = await load({ ...place, keepAlive, lanes: LANES, forMs: FOR_MS })
    if (one.failures > 0) throw new Error(`Assertion: ${one.failures} requests failed, expected 0`)
    return one
  }
  const ways = [direct, ...others]
  const taken = ways.map((): Measured[] => [])
  const percents = ways.map((): number[] => [])
  await measured(direct)
  for (let round = 0; round < ROUNDS; round++) {
    let before = await measured(direct)
    for (const i of round % 2 === 0 ? ways.keys() : [...ways.keys()].reverse()) {
      const one = await measured(ways[i]!)
      const after = await measured(direct)
      taken[i]!.push(one)
      percents[i]!.push((200 * one.perSecond) / (before.perSecond + after.perSecond))
      before = after
    }
  }
  for (const [i, { name, goal }] of ways.entries()) {
    print(figure(`  ${name}`, perSecondOf(taken[i]!), '/s'))
    print(figure('    99th percentile', p99Of(taken[i]!), 'ms'))
    const what = i === 0 ? 'of itself, a moment before and after' : 'of what goes directly'
    print(figure(`    ${what} (the middle half)`, middleHalf(percents[i]!), '%', goal === undefined ? {} : { goal }))
  }
}

const perSecondOf = (ones: readonly Measured[]) => ones.map(({ perSecond }) => perSecond)
const p99Of = (ones: readonly Measured[]) => ones.map(({ p99Ms }) => p99Ms)

/** Without the highest and the lowest quarter, which say what else the machine did. */
function middleHalf(values: readonly number[]): readonly number[] {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted.slice(sorted.length >> 2, sorted.length - (sorted.length >> 2))
}

async function answers({ load }: Loader, place: Place): Promise<boolean> {
  const { failures } = await load({ ...place, keepAlive: false, lanes: 1, forMs: 50 })
  return failures === 0
}

async function readyPod(client: Client, object: Pod): Promise<Pod> {
  await client.create(pods, object)
  const ofName = (all: readonly Pod[]) => all.find(({ metadata }) => metadata.name === object.metadata.name)
  return ofName(await until(client, pods, (all) => isReady(ofName(all)), { deadlineMs: 30_000 }))!
}

function podObject(name: string, command: readonly string[], port: number): Pod {
  const container = {
    name: 'main',
    image: 'node:24',
    command,
    readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
  }
  const metadata = { name, namespace: 'default', labels: { app: name } }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container] } }
}

const webObject = podObject('web', ['node', '-e', SERVER], DIRECT)
const LOAD_PROGRAM = fileURLToPath(new URL('network-load.ts', import.meta.url))
const askerObject = podObject('asker', ['node', LOAD_PROGRAM, String(ASKED)], ASKED)

const serviceObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: THROUGH }] },
} as unknown as Service

function isReady(pod: Pod | undefined): boolean {
  return pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
}
