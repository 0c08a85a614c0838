import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pod, Service } from '../src/api/generated/core-v1.ts'
import type { EndpointSlice } from '../src/api/generated/discovery-v1.ts'
import { endpointSlices, pods, services } from '../src/api/generated/resources.ts'
import { openConnection, tlsOptions } from '../src/client/http/connection.ts'
import type { Connection, Endpoint } from '../src/client/http/connection.ts'
import { dialWebSocket } from '../src/client/streams/web-socket.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import type { Cluster } from '../src/cluster/cluster.ts'
import { until } from '../src/testing/index.ts'

const IMAGE = `node:${process.versions.node.split('.')[0]}`

/** Says what it was asked, serves a page with a link, redirects, and turns connections into an echo. */
const SERVER = `
const server = require('http').createServer(async (q, r) => {
  let body = ''
  for await (const chunk of q) body += chunk
  if (q.url === '/page') return r.writeHead(200, { 'content-type': 'text/html' }).end('<a href="/linked">x</a>')
  if (q.url === '/moved') return r.writeHead(302, { location: '/elsewhere' }).end()
  r.writeHead(q.url === '/missing' ? 404 : 200)
  const { authorization, 'x-forwarded-uri': uri } = q.headers
  r.end(q.method === 'HEAD' ? '' : JSON.stringify({ method: q.method, url: q.url, body, authorization, uri }))
})
server.on('upgrade', (q, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n')
  socket.pipe(socket)
})
server.listen(8080, () => console.log('listens'))`

let cluster: Cluster
let endpoint: Endpoint
let connection: Connection

beforeAll(async () => {
  cluster = await createCluster()
  endpoint = await cluster.listen()
  connection = openConnection(endpoint, 'test')
  await cluster.ready
  const container = {
    name: 'main',
    image: IMAGE,
    command: ['node', '-e', SERVER],
    ports: [{ containerPort: 8080, name: 'http' }],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  }
  const metadata = { namespace: 'default', name: 'web', labels: { app: 'web' } }
  const spec = { terminationGracePeriodSeconds: 1, containers: [container] }
  await cluster.client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec } as Pod)
  const ports = [{ name: 'web', port: 80, targetPort: 'http' }]
  const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'web' }, ports } }
  await cluster.client.create(services, service as Service)
  const isServed = (all: readonly EndpointSlice[]) =>
    all.some(
      ({ metadata, endpoints }) =>
        metadata.labels?.['kubernetes.io/service-name'] === 'web' && endpoints?.[0]?.conditions?.ready === true,
    )
  await until(cluster.client, endpointSlices, isServed, { deadlineMs: 20_000 })
}, 60_000)

afterAll(async () => {
  connection.close()
  await cluster.close()
})

async function ask(method: string, path: string, body?: string) {
  const response = await connection.send({ method, path, ...(body !== undefined && { body }) })
  return { code: response.statusCode, headers: response.headers, body: await text(response) }
}

const POD = '/api/v1/namespaces/default/pods/web:8080/proxy'

test.each([
  ['a pod and its port', POD],
  ['a pod by its first port', '/api/v1/namespaces/default/pods/web/proxy'],
  ['a pod with a scheme', '/api/v1/namespaces/default/pods/http:web:8080/proxy'],
  ['a service by the name of its port', '/api/v1/namespaces/default/services/web:web/proxy'],
  ['a service by the number of its port', '/api/v1/namespaces/default/services/web:80/proxy'],
])('%s is reached through the API server, with path and query', async (_name, path) => {
  const { code, body } = await ask('GET', `${path}/some//path?a=b`)
  expect(code).toBe(200)
  expect(JSON.parse(body)).toEqual({ method: 'GET', url: '/some//path?a=b', body: '', uri: `${path}/some//path` })
})

test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s with a body reaches the server behind', async (method) => {
  const { body } = await ask(method, `${POD}/x`, 'sent')
  expect(JSON.parse(body)).toMatchObject({ method, body: 'sent' })
  // Only who reads is sent to the path with a slash at its end (apimachinery proxyRedirectsforRootPath).
  const root = await ask(method, `${POD}?a=b`, 'sent')
  expect(JSON.parse(root.body)).toMatchObject({ method, url: '/?a=b', body: 'sent' })
})

test('links, redirections and codes are those that a client of the proxy needs', async () => {
  expect((await ask('GET', `${POD}/page`)).body).toBe(`<a href="${POD}/linked">x</a>`)
  expect((await ask('GET', `${POD}/moved`)).headers.location).toBe(`${POD}/elsewhere`)
  expect((await ask('GET', POD)).headers.location).toBe(`${POD}/`)
  expect((await ask('GET', `${POD}/missing`)).code).toBe(404)
  expect((await ask('HEAD', `${POD}/`)).code).toBe(200)
})

test('what cannot be reached is told with the words of Kubernetes', async () => {
  const nothing = JSON.parse((await ask('GET', '/api/v1/namespaces/default/pods/web:9/proxy/')).body) as {
    message: string
  }
  expect(nothing.message).toMatch(/^error trying to reach service: dial tcp [\d.]+:9: connect: connection refused$/)
  const port = JSON.parse((await ask('GET', '/api/v1/namespaces/default/services/web:81/proxy/')).body) as object
  expect(port).toMatchObject({ code: 503, message: 'no service port 81 found for service "web"' })
  expect((await ask('GET', '/api/v1/namespaces/default/pods/absent/proxy/')).code).toBe(404)
})

test('a connection that is upgraded is carried both ways', async () => {
  const { hostname, port } = new URL(endpoint.server)
  const socket = connectTls({ host: hostname, port: Number(port), ...tlsOptions(endpoint) })
  socket.write(`GET ${POD}/ws HTTP/1.1\r\nHost: api\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`)
  let said = ''
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    said += chunk.toString()
    if (said.endsWith('\r\n\r\n')) socket.write('there and back')
    if (said.endsWith('there and back')) break
  }
  expect(said).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n.*Upgrade: echo\r\n/s)
})

test('a node tells its measurements through the API server', async () => {
  const { code, body } = await ask('GET', '/api/v1/nodes/node1/proxy/metrics/resource')
  expect(code).toBe(200)
  expect(body).toContain('node_cpu_usage_seconds_total')
  expect((await ask('GET', '/api/v1/nodes/node1/proxy/containerLogs/default/web/other')).code).toBe(404)
})

test.each(['binary.k8s.io', 'base64.binary.k8s.io'])('a log is sent over a WebSocket of %s too', async (protocol) => {
  const path = '/api/v1/namespaces/default/pods/web/log'
  const { socket } = await dialWebSocket(endpoint, { path, protocols: [protocol] })
  let said = ''
  socket.on('message', (data: Buffer) => {
    said += protocol.startsWith('base64') ? Buffer.from(data.toString(), 'base64').toString() : data.toString()
  })
  const closed = once(socket, 'close')
  socket.resume()
  await closed
  expect(said).toBe('listens\n')
})

test('a client that speaks HTTP/2 is proxied as any other, and the server behind knows whom it asked', async () => {
  const { certificateAuthority, clientCertificate, clientKey } = endpoint
  const session = connectHttp2(endpoint.server, {
    ca: certificateAuthority,
    ...(clientCertificate !== undefined && { cert: clientCertificate }),
    ...(clientKey !== undefined && { key: clientKey }),
  })
  try {
    const path = '/api/v1/namespaces/default/pods/web:8080/proxy/x?y=1'
    const stream = session.request({ ':path': path, ':method': 'POST', 'content-type': 'text/plain' })
    stream.end('body')
    expect(JSON.parse(await text(stream))).toMatchObject({ method: 'POST', url: '/x?y=1', body: 'body' })
  } finally {
    session.close()
  }
})
