import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Deployment } from '../../src/api/generated/apps-v1.ts'
import type { HorizontalPodAutoscaler } from '../../src/api/generated/autoscaling-v2.ts'
import type { Ingress } from '../../src/api/generated/networking-v1.ts'
import {
  BUILT_IN_RESOURCES,
  deployments,
  horizontalPodAutoscalers,
  ingresses,
  pods,
  services,
} from '../../src/api/generated/resources.ts'
import type { KubeObject } from '../../src/api/object.ts'
import type { Client } from '../../src/client/client.ts'
import { createTestCluster, until } from '../../src/testing/index.ts'
import { openUser } from '../cli/shoal.ts'
import { NGINX, NODE } from '../images/images.ts'
import { containerdMissing, startContainerd } from './containerd.ts'
import { dockerdMissing, startDockerd } from './dockerd.ts'

const namespace = 'default'
const deadlineMs = 60_000
const skipped = (title: string, missing: string) => test.skip(`${title}: ${missing}`, () => {})

const rolled =
  'a web application is built from its Dockerfile, runs behind a LoadBalancer, is rolled and is scaled by its load without a failed request'
const noDocker = dockerdMissing()
if (noDocker !== undefined) skipped(rolled, noDocker)
else
  test(rolled, { timeout: 900_000 }, async () => {
    await using engine = await startDockerd()
    engine.load(NODE)
    for (const version of ['1', '2']) await build(engine.endpoint, version)
    await using cluster = await createTestCluster({ runtime: 'docker', engineEndpoint: engine.endpoint })
    const { client } = cluster
    await apply(client, new URL('data-processor.yaml', import.meta.url))
    await isRolledOut(client, 'data-processor')
    const address = await balancerOf(client, 'data-processor')
    await answers(`http://${address}/`, 'version 1\n')

    const load = startLoad(`http://${address}/`)
    const containers = [{ name: 'main', image: 'data-processor:2' }]
    const patch = { spec: { template: { spec: { containers } } } }
    await client.patch(deployments, { namespace, name: 'data-processor' }, { type: 'strategic', patch })
    await isRolledOut(client, 'data-processor')
    const { failures, seen } = await load.stop()
    expect(failures).toEqual([])
    expect([...seen].toSorted()).toEqual(['version 1\n', 'version 2\n'])
    await answers(`http://${address}/`, 'version 2\n')
    await scalesWithLoad(client, `http://${address}/`)
  })

async function scalesWithLoad(client: Client, url: string): Promise<void> {
  await client.create(horizontalPodAutoscalers, AUTOSCALER)
  const load = startLoad(url)
  await hasReplicas(client, (count) => count > 3)
  const { failures } = await load.stop()
  expect(failures).toEqual([])
  await hasReplicas(client, (count) => count === 3)
}

async function hasReplicas(client: Client, isSo: (count: number) => boolean): Promise<void> {
  const holds = ({ metadata, status }: Deployment) =>
    metadata.name === 'data-processor' && isSo(status?.availableReplicas ?? 0)
  await until(client, deployments, (all) => all.some(holds), { namespace, deadlineMs: 4 * deadlineMs })
}

const AUTOSCALER: HorizontalPodAutoscaler = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { namespace, name: 'data-processor' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'data-processor' },
    minReplicas: 3,
    maxReplicas: 5,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
    behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
  },
}

const served =
  "nginx serves as a Pod, as a Deployment and behind a Service, from the manifests of Kubernetes' tutorials"
const noNginx = containerdMissing() ?? NGINX.missing()
if (noNginx !== undefined) skipped(served, noNginx)
else
  test(served, { timeout: 180_000 }, async () => {
    await using engine = await startContainerd()
    engine.load(NGINX)
    await using cluster = await createTestCluster({ runtime: 'cri', engineEndpoint: engine.endpoint })
    const { client } = cluster
    await apply(client, new URL('nginx.yaml', import.meta.url))
    await isRolledOut(client, 'nginx-deployment')
    const ready = await until(client, pods, (all) => all.every(({ status }) => status?.phase === 'Running'), {
      namespace,
      deadlineMs,
    })
    const alone = ready.find(({ metadata }) => metadata.name === 'nginx')
    const welcome = '<h1>Welcome to nginx!</h1>\n'
    await answers(`http://${alone?.status?.podIP}/`, welcome)
    const service = await client.get(services, { namespace, name: 'my-nginx' })
    await answers(`http://${service.spec?.clusterIP}/`, welcome)
  })

const passed = 'messages go from a publisher through a broker to consumers, each once, and an Ingress shows how many'
if (noDocker !== undefined) skipped(passed, noDocker)
else
  test(passed, { timeout: 240_000 }, async () => {
    await using engine = await startDockerd()
    engine.load(NODE)
    await using cluster = await createTestCluster({ runtime: 'docker', engineEndpoint: engine.endpoint })
    const { client } = cluster
    await apply(client, new URL('messages.yaml', import.meta.url))
    for (const name of ['broker', 'publisher', 'consumer']) await isRolledOut(client, name)
    const address = await until(client, ingresses, (all) => all.some(isServed), { namespace, deadlineMs })
    const url = `http://${address.map(addressOf)[0]}/counts`
    let counts: readonly (readonly [string, number])[] = []
    for (let i = 0; i < 300 && counts.length < 20; i++) {
      const text = await ask(url, { Host: 'messages.example' }).catch(() => '[]')
      if (text.startsWith('[')) counts = JSON.parse(text) as typeof counts
      if (counts.length < 20) await sleep(100)
    }
    expect(counts.length).toBeGreaterThanOrEqual(20)
    expect(counts.filter(([, count]) => count !== 1)).toEqual([])
  })

const addressOf = ({ status }: Ingress) => {
  const [at] = status?.loadBalancer?.ingress ?? []
  const { ip = '', ports = [] } = (at ?? {}) as {
    readonly ip?: string
    readonly ports?: readonly { readonly port: number }[]
  }
  return ip === '' ? undefined : `${ip}:${ports[0]?.port ?? 80}`
}
const isServed = (ingress: Ingress) => addressOf(ingress) !== undefined

/** `shoal images build`, as a user types it. */
async function build(endpoint: string, version: string): Promise<void> {
  process.env['DOCKER_HOST'] = endpoint
  using user = openUser()
  delete process.env['DOCKER_HOST']
  user.write('Dockerfile', DOCKERFILE)
  user.write('server.js', SERVER)
  const tag = `data-processor:${version}`
  const args = [
    'images',
    'build',
    '--runtime',
    'docker',
    '--tag',
    tag,
    '--build-arg',
    `VERSION=${version}`,
    user.directory,
  ]
  const { code, stdout, stderr } = await user.run(...args)
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: `${tag}\n` })
}

const DOCKERFILE = `FROM node:24
ARG VERSION
ENV VERSION=$VERSION
WORKDIR /app
COPY server.js .
EXPOSE 8080
CMD ["node", "server.js"]
`

const SERVER = `const { createServer } = require('node:http')
const server = createServer((asked, answer) => answer.end('version ' + process.env.VERSION + '\\n')).listen(8080)
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

async function apply(client: Client, manifest: URL): Promise<void> {
  for (const document of parseAllDocuments(readFileSync(manifest, 'utf8'))) {
    const object = document.toJS() as { kind: string; metadata: object }
    const type = BUILT_IN_RESOURCES.find(({ kind }) => kind === object.kind)
    if (type === undefined) throw new Error(`no resource of kind ${object.kind}`)
    await client.create(type, { ...object, metadata: { ...object.metadata, namespace } } as KubeObject)
  }
}

async function isRolledOut(client: Client, name: string): Promise<void> {
  const isDone = ({ metadata, spec, status }: Deployment) => {
    const counts = [status?.updatedReplicas, status?.availableReplicas, status?.replicas]
    return status?.observedGeneration === metadata.generation && counts.every((count) => count === spec?.replicas)
  }
  await until(client, deployments, (all) => all.some((one) => one.metadata.name === name && isDone(one)), {
    namespace,
    deadlineMs: 2 * deadlineMs,
  })
}

async function balancerOf(client: Client, name: string): Promise<string> {
  const ipOf = (all: readonly { metadata: { name?: string }; status?: object }[]) => {
    const { loadBalancer } = (all.find(({ metadata }) => metadata.name === name)?.status ?? {}) as {
      readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] }
    }
    return loadBalancer?.ingress?.[0]?.ip
  }
  return ipOf(await until(client, services, (all) => ipOf(all) !== undefined, { namespace, deadlineMs })) ?? ''
}

/** A connection for each request, as from clients of their own; rejects where there is no answer. */
function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, timeout: deadlineMs, headers }, (answer) =>
      text(answer).then(resolve, reject),
    )
    asked.on('timeout', () => asked.destroy(new Error('no answer within a minute')))
    asked.on('error', reject).end()
  })
}

/** Rules of Services are made a moment after they have their addresses. */
async function answers(url: string, expected: string): Promise<void> {
  let last = ''
  for (let i = 0; i < 100 && last !== expected; i++) {
    last = await ask(url).catch(String)
    if (last !== expected) await sleep(100)
  }
  expect(last).toBe(expected)
}

/** Asks without a pause, four at a time, until it is stopped. */
function startLoad(url: string) {
  const failures: string[] = []
  const seen = new Set<string>()
  let going = true
  const work = async () => {
    while (going)
      await ask(url).then(
        (answer) => seen.add(answer),
        (error: unknown) => failures.push(String(error)),
      )
  }
  const working = Promise.all(Array.from({ length: 4 }, work))
  return {
    async stop() {
      going = false
      await working
      return { failures, seen }
    },
  }
}
