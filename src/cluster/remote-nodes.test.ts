import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pod } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import type { WatchEvent } from '../client/client.ts'
import { openConnection } from '../client/http/connection.ts'
import type { Endpoint } from '../client/http/connection.ts'
import { openCommand } from '../client/streams/command.ts'
import { portForward } from '../client/streams/port-forward.ts'
import { systemEnvironment } from '../env/system.ts'
import { createCluster } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { joinNode } from './join-node.ts'
import type { JoinedNode } from './join-node.ts'

const IMAGE = `node:${process.versions.node.split('.')[0]}`
const SERVER = `require('http').createServer((q, r) => r.end('from afar ' + q.url)).listen(8080, () => console.log('listens'))`
const KEY = { namespace: 'default', name: 'web' }

let cluster: Cluster
let endpoint: Endpoint
let joined: JoinedNode

beforeAll(async () => {
  cluster = await createCluster({ nodes: 0 })
  endpoint = await cluster.listen()
  await cluster.ready
  joined = await joinNode({
    env: systemEnvironment(),
    client: cluster.clientFor('system:node:far', ['system:nodes']),
    name: 'far',
    runtime: 'process',
    address: '127.0.0.1',
    listen: { host: '127.0.0.1', port: 0 },
    clientAuthority: endpoint.certificateAuthority ?? '',
  })
  await joined.ready
  const containers = [{ name: 'main', image: IMAGE, command: ['node', '-e', SERVER] }]
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: KEY, spec: { terminationGracePeriodSeconds: 1, containers } }
  await cluster.client.create(pods, pod as Pod)
  await running(cluster)
  // Its first words: it listens.
  for await (const _chunk of cluster.client.logs(KEY, { follow: true, limitBytes: 8 })) break
}, 60_000)

afterAll(async () => {
  await joined.close()
  await cluster.close()
})

function running({ client }: Cluster): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const events = (batch: readonly WatchEvent<Pod>[]) => {
    if (batch.some(({ object }) => (object as Pod).status?.phase === 'Running')) resolve()
  }
  const watch = client.watch(pods, { namespace: 'default' }, { events, closed: (error) => reject(error) })
  return promise.finally(() => watch.close())
}

async function get(path: string): Promise<string> {
  const connection = openConnection(endpoint, 'test')
  try {
    return await text(await connection.send({ method: 'GET', path }))
  } finally {
    connection.close()
  }
}

test('logs of a pod on a node that joined from elsewhere come through the API server', async () => {
  const chunks = await Array.fromAsync(cluster.client.logs(KEY, { tailLines: 1 }))
  expect(Buffer.concat(chunks).toString()).toBe('listens\n')
  const previous = Array.fromAsync(cluster.client.logs(KEY, { previous: true }))
  await expect(previous).rejects.toThrow('previous terminated container "main" in pod "web" not found')
})

test('a command there has input, both outputs and an exit code, and one that does not exist is told of', async () => {
  const exec = (command: readonly string[], stdin = false) => {
    const query = new URLSearchParams(command.map((word): [string, string] => ['command', word]))
    for (const name of ['stdout', 'stderr', ...(stdin ? ['stdin'] : [])]) query.set(name, 'true')
    return openCommand(endpoint, `/api/v1/namespaces/default/pods/web/exec?${query}`, { stdin, tty: false })
  }
  const cat = await exec(['sh', '-c', 'cat; echo fault >&2; exit 3'], true)
  cat.stdin?.end('typed')
  const outputs = [cat.stdout, cat.stderr].map((stream) => (stream === undefined ? '' : text(stream)))
  expect(await Promise.all(outputs)).toEqual(['typed', 'fault\n'])
  expect(await cat.exitCode).toBe(3)
  const missing = await exec(['no-such-command'])
  await expect(missing.exitCode).rejects.toThrow('executable file not found')
})

test('its ports are reached by port-forward and by proxy, and its node tells what it uses', async () => {
  const stream = await portForward(endpoint, KEY, 8080)
  stream.end('GET /forwarded HTTP/1.0\r\n\r\n')
  expect(await text(stream)).toContain('from afar /forwarded')
  expect(await get('/api/v1/namespaces/default/pods/web:8080/proxy/proxied')).toBe('from afar /proxied')
  expect(await get('/api/v1/nodes/far/proxy/metrics')).toContain('kubelet_node_name{node="far"} 1')
  const metrics = JSON.parse(await get('/apis/metrics.k8s.io/v1beta1/pods')) as {
    items: { metadata: { name: string } }[]
  }
  expect(metrics.items.map(({ metadata }) => metadata.name)).toEqual(['web'])
})
