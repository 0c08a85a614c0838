import { request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { Pod, Service, ServiceSpec } from '../../src/api/generated/core-v1.ts'
import { deployments, endpointSlices, events, pods, services } from '../../src/api/generated/resources.ts'
import type { Deployment } from '../../src/api/generated/apps-v1.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import type { ClusterOptions } from '../../src/cluster/cluster.ts'
import { until } from '../../src/testing/until.ts'

/** Pods with networks of their own, where the machine allows them, and pods with addresses of loopback. */
export const MODES = ((): readonly ('namespace' | 'loopback')[] => {
  if (process.platform !== 'linux') return []
  return process.getuid?.() === 0 ? ['namespace', 'loopback'] : ['loopback']
})()

/** Says who it is and who asks, goes on with what it does when it is told to end. */
export const SERVER = `
const { createServer } = require('node:http')
const server = createServer((request, response) => response.end(process.env.HOSTNAME + ' ' + request.socket.remoteAddress))
server.listen(8080, '0.0.0.0')
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

export function openTestNetwork(podNetwork: 'namespace' | 'loopback', options: ClusterOptions = {}) {
  return openNetworkOn({ runtime: 'process', podNetwork, ...options })
}

export async function openNetworkOn(options: ClusterOptions) {
  const cluster = await createCluster(options)
  const { client } = cluster
  await cluster.ready
  const network = {
    cluster,
    client,
    async deploy(name: string, replicas: number, code = SERVER): Promise<readonly Pod[]> {
      await client.create(deployments, deployment(name, replicas, code))
      return await network.ready(name, replicas)
    },
    ready: (app: string, count: number) =>
      until(client, pods, (all) => isReady(all, app, count), { deadlineMs: 60_000 }).then((all) =>
        all.filter(({ metadata }) => metadata.labels?.['app'] === app),
      ),
    async serve(name: string, spec: Partial<ServiceSpec> = {}): Promise<Service> {
      const whole = { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...spec }
      const metadata = { name, namespace: 'default' }
      return await client.create(services, { apiVersion: 'v1', kind: 'Service', metadata, spec: whole } as Service)
    },
    /** Until so many endpoints of the Service are ready. */
    async offered(name: string, count: number): Promise<void> {
      const own = `kubernetes.io/service-name=${name}`
      await until(client, endpointSlices, (all) => {
        const [key, value] = own.split('=')
        const slices = all.filter(({ metadata }) => metadata.labels?.[key!] === value)
        const endpoints = slices.flatMap((slice) => slice.endpoints ?? [])
        return endpoints.filter(({ conditions }) => conditions?.ready !== false).length === count
      })
    },
    /** Until so many different pods answer there; what is known of endpoints takes effect a moment later. */
    async answering(host: string, port: number, count: number): Promise<void> {
      const seen = new Set<string>()
      while (seen.size < count) {
        const answer = await ask(host, port).catch(() => setTimeout(20))
        if (answer !== undefined) seen.add(answer.split(' ')[0] ?? '')
      }
    },
    /** The output of a program in a pod of its own. */
    async run(name: string, code: string, more: Partial<Pod['spec']> = {}, labels = {}): Promise<string> {
      const spec = { restartPolicy: 'Never', containers: [container(['node', '-e', code])], ...more }
      const made = pod(name, spec as NonNullable<Pod['spec']>)
      await client.create(pods, { ...made, metadata: { ...made.metadata, labels } })
      const isOver = (all: readonly Pod[]) =>
        all.some(({ metadata, status }) => metadata.name === name && /Succeeded|Failed/.test(status?.phase ?? ''))
      await until(client, pods, isOver, { deadlineMs: 30_000 })
      const chunks = await Array.fromAsync(client.logs({ namespace: 'default', name }))
      return Buffer.concat(chunks).toString()
    },
    eventsOf: async (name: string) =>
      (await client.list(events)).items.filter(({ involvedObject }) => involvedObject.name === name),
    [Symbol.asyncDispose]: () => cluster.close(),
  }
  return network
}

function isReady(all: readonly Pod[], app: string, count: number): boolean {
  const own = all.filter(({ metadata }) => metadata.labels?.['app'] === app)
  const ready = own.filter(({ status }) =>
    status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
  )
  return ready.length === count && own.length === count
}

export function container(command: readonly string[]) {
  return { name: 'main', image: 'node:24', command: [...command] }
}

export function pod(name: string, spec: NonNullable<Pod['spec']>): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec }
}

function deployment(name: string, replicas: number, code: string): Deployment {
  const labels = { app: name }
  const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 }
  const template = {
    metadata: { labels },
    spec: { containers: [{ ...container(['node', '-e', code]), readinessProbe }] },
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: { replicas, selector: { matchLabels: labels }, template },
  } as Deployment
}

interface Asked {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/** What is answered there, on a connection of its own. */
export function ask(host: string, port: number, { path = '/', headers = {}, body }: Asked = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    const asked = request({ host, port, path, method, headers: { ...headers }, agent: false }, (response) => {
      response.toArray().then((chunks) => resolve(Buffer.concat(chunks).toString()), reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
