import type { Pod, Service } from '../src/api/generated/core-v1.ts'
import { pods, services } from '../src/api/generated/resources.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { until } from '../src/testing/until.ts'
import { figure } from './figures.ts'
import { load } from './network-load.ts'
import type { Measured } from './network-load.ts'
import { startTcpProxies } from './peers/tcp-proxies.ts'
import type { Place } from './peers/tcp-proxies.ts'

const ROUNDS = 5
const FOR_MS = 700
const LANES = 32
/** Direct requests have a port of their own: a port of the client's that waits to be forgotten at one is no hindrance at the other. */
const [THROUGH, DIRECT] = [8080, 8081]
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
  const [service, pod] = await Promise.all([
    cluster.client.create(services, serviceObject),
    cluster.client
      .create(pods, podObject)
      .then(() => until(cluster.client, pods, ([one]) => isReady(one), { deadlineMs: 30_000 }))
      .then(([one]) => one),
  ])
  const host = pod?.status?.podIP ?? ''
  const ways: Way[] = [
    { name: 'directly', place: { host, port: DIRECT } },
    { name: 'through the Service', place: { host: service.spec?.clusterIP ?? '', port: 80 }, goal },
  ]
  await using peers = new AsyncDisposableStack()
  // Where the kernel carries all of it, a program would be no peer.
  for (const peer of podNetwork === 'loopback' ? await startTcpProxies({ host, port: THROUGH }) : []) {
    peers.use(peer)
    ways.push({ name: `through ${peer.name}, for comparison`, place: peer.place })
  }
  for (const { place } of ways) while (!(await answers(place))) continue
  for (const keepAlive of [true, false]) {
    print(`balanced by ${who}, ${keepAlive ? 'connections kept' : 'a connection each'}`)
    await compare(ways, keepAlive, print)
  }
}

interface Way {
  readonly name: string
  readonly place: Place
  readonly goal?: number
}

/** Each way in turn, and the direct one at the end of each round again: how much the machine itself wavers. */
async function compare(ways: readonly Way[], keepAlive: boolean, print: Print): Promise<void> {
  const taken = ways.map((): Measured[] => [])
  const again: Measured[] = []
  const measured = async ({ place }: Way) => {
    const one = await load({ ...place, keepAlive, lanes: LANES, forMs: FOR_MS })
    if (one.failures > 0) throw new Error(`Assertion: ${one.failures} requests failed, expected 0`)
    return one
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, way] of ways.entries()) taken[i]!.push(await measured(way))
    again.push(await measured(ways[0]!))
  }
  const direct = taken[0]!.map((one, round) => (one.perSecond + again[round]!.perSecond) / 2)
  const percent = (ones: readonly Measured[]) => ones.map(({ perSecond }, round) => (perSecond / direct[round]!) * 100)
  for (const [i, { name, goal }] of ways.entries()) {
    const ones = taken[i]!
    print(figure(`  ${name}`, perSecondOf(ones), '/s'))
    print(figure('    99th percentile', p99Of(ones), 'ms'))
    if (i === 0) print(figure('    again, of the mean of both times', percent(again), '%'))
    else print(figure('    of what goes directly', percent(ones), '%', goal === undefined ? {} : { goal }))
  }
}

const perSecondOf = (ones: readonly Measured[]) => ones.map(({ perSecond }) => perSecond)
const p99Of = (ones: readonly Measured[]) => ones.map(({ p99Ms }) => p99Ms)

async function answers(place: Place): Promise<boolean> {
  const { failures } = await load({ ...place, keepAlive: false, lanes: 1, forMs: 50 })
  return failures === 0
}

const podObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
  spec: {
    containers: [
      {
        name: 'main',
        image: 'node:24',
        command: ['node', '-e', SERVER],
        readinessProbe: { tcpSocket: { port: DIRECT }, periodSeconds: 1 },
      },
    ],
  },
} as unknown as Pod

const serviceObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: THROUGH }] },
} as unknown as Service

function isReady(pod: Pod | undefined): boolean {
  return pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
}
