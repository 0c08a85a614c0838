import type { Pod, Service } from '../src/api/generated/core-v1.ts'
import { pods, services } from '../src/api/generated/resources.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { until } from '../src/testing/until.ts'
import { figure, median } from './figures.ts'
import { load } from './network-load.ts'
import type { Measured } from './network-load.ts'

const ROUNDS = 3
/** Direct requests have a port of their own: a port of the client's that waits to be forgotten at one is no hindrance at the other. */
const [THROUGH, DIRECT] = [8080, 8081]
const SERVER = `for (const port of [${THROUGH}, ${DIRECT}])
  require('node:http').createServer((request, response) => response.end('.')).listen(port, '0.0.0.0')`

/** What a Service costs its clients: requests to a pod directly and through its Service, in turns. */
export async function run(print: (line: string) => void): Promise<void> {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  if (isRoot) await balancedBy('the kernel', 'namespace', 0.95, print)
  else print('the kernel balances only where pods have networks of their own, which takes root')
  await balancedBy('a thread', 'loopback', 0.7, print)
}

async function balancedBy(
  who: string,
  podNetwork: 'namespace' | 'loopback',
  goal: number,
  print: (line: string) => void,
): Promise<void> {
  await using cluster = await createCluster({ env: systemEnvironment('error'), runtime: 'process', podNetwork })
  await cluster.ready
  const [service, pod] = await Promise.all([
    cluster.client.create(services, serviceObject),
    cluster.client
      .create(pods, podObject)
      .then(() => until(cluster.client, pods, ([one]) => isReady(one), { deadlineMs: 30_000 }))
      .then(([one]) => one),
  ])
  const direct = { host: pod?.status?.podIP ?? '', port: DIRECT }
  const through = { host: service.spec?.clusterIP ?? '', port: 80 }
  for (const place of [direct, through]) while (!(await answers(place))) continue
  for (const keepAlive of [true, false]) {
    const how = { keepAlive, lanes: 32 }
    const taken: { readonly direct: Measured; readonly through: Measured }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      taken.push({
        direct: await load({ ...direct, ...how, forMs: 2_000 }),
        through: await load({ ...through, ...how, forMs: 2_000 }),
      })
    }
    report(`balanced by ${who}, ${keepAlive ? 'connections kept' : 'a connection each'}`, taken, goal, print)
  }
}

function report(
  what: string,
  taken: readonly { readonly direct: Measured; readonly through: Measured }[],
  goal: number,
  print: (line: string) => void,
): void {
  const failures = taken.reduce((sum, { direct, through }) => sum + direct.failures + through.failures, 0)
  if (failures > 0) throw new Error(`Assertion: ${failures} requests failed, expected 0`)
  const of = (value: (one: (typeof taken)[number]) => number) => taken.map(value)
  print(
    figure(
      `${what}: directly`,
      of(({ direct }) => direct.perSecond),
      '/s',
    ),
  )
  print(
    figure(
      '  through the Service',
      of(({ through }) => through.perSecond),
      '/s',
    ),
  )
  const ratios = of(({ direct, through }) => through.perSecond / direct.perSecond)
  print(figure('  of what goes directly', [median(ratios)], 'x', { goal }))
  print(
    figure(
      '  99th percentile directly',
      of(({ direct }) => direct.p99Ms),
      'ms',
    ),
  )
  print(
    figure(
      '  99th percentile through the Service',
      of(({ through }) => through.p99Ms),
      'ms',
    ),
  )
}

async function answers(place: { readonly host: string; readonly port: number }): Promise<boolean> {
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
