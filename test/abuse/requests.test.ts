import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditSink } from '../../src/apiserver/audit/audit-log.ts'
import { openConnection } from '../../src/client/http/connection.ts'
import { startApiServer } from '../api-server.ts'
import type { TestServer } from '../api-server.ts'
import { ask, openRaw } from './raw.ts'

const PATH = '/api/v1/namespaces/default/configmaps'
const LIMITS = { mutating: 2, readOnly: 2, longRunning: 2 }
const recorded: string[] = []
const audit: AuditSink = { write: (line) => void recorded.push(line), close: async () => {} }
let server: TestServer
let bounded: TestServer
let impatient: TestServer

beforeAll(async () => {
  server = await startApiServer({ http: { audit } })
  bounded = await startApiServer({ http: { inFlight: LIMITS } })
  impatient = await startApiServer({ http: { receiveTimeoutMs: 300 } })
})

afterAll(() => Promise.all([server, bounded, impatient].map((each) => each[Symbol.asyncDispose]())))

describe('more requests than may be under way', () => {
  test('get 429 with Retry-After, the system has room of its own, and administrators always get in', async () => {
    const robot = bounded.endpointFor('robot', ['robots'])
    const hold = async () => {
      const connection = await openRaw(robot)
      // Its body never comes, so that it stays under way.
      connection.write(
        `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n`,
      )
      await connection.until(/100 Continue/)
      return connection
    }
    await using _one = await hold()
    await using _two = await hold()
    const refused = await ask(robot, 'DELETE', `${PATH}/x`)
    expect(refused).toMatchObject({ code: 429, text: 'Too many requests, please try again later.\n' })
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'content-type': 'text/plain; charset=utf-8' })
    const system = bounded.endpointFor('system:kube-scheduler', ['system:authenticated'])
    expect((await ask(system, 'DELETE', `${PATH}/x`)).code).not.toBe(429)
    expect((await ask(bounded.admin, 'DELETE', `${PATH}/x`)).code).toBe(404)
    // Reading has a number of its own, and health none.
    expect((await ask(robot, 'GET', PATH)).code).toBe(403)
    expect((await ask(robot, 'GET', '/livez')).code).toBe(200)
  })

  test('watches are bounded likewise, and one that ends makes room', async () => {
    const connection = openConnection(bounded.endpointFor('system:apiserver', ['system:serviceaccounts']), 'test')
    const watch = () => connection.send({ method: 'GET', path: '/api/v1/namespaces?watch=1', streaming: true })
    const open = [await watch(), await watch()]
    // They are refused for want of rights, so they have ended: none counts.
    expect(open.map(({ statusCode }) => statusCode)).toEqual([403, 403])
    for (const each of open) each.resume()
    const admin = openConnection(bounded.admin, 'test')
    const watchAsAdmin = () => admin.send({ method: 'GET', path: '/api/v1/namespaces?watch=1', streaming: true })
    const held = [await watchAsAdmin(), await watchAsAdmin()]
    const late = await watch()
    expect([late.statusCode, late.headers['retry-after']]).toEqual([429, '1'])
    late.resume()
    const ended = new Promise((resolve) => held[0]!.once('close', resolve))
    held[0]!.destroy()
    await ended
    let code: number | undefined = 429
    while (code === 429) {
      const again = await watch()
      again.resume()
      code = again.statusCode
    }
    expect(code).toBe(403)
    held[1]!.destroy()
    connection.close()
    admin.close()
  })
})

describe('clients that are slow', () => {
  test('to send their headers, or their body, get 408 and are cut off', async () => {
    for (const start of [
      `GET ${PATH} HTTP/1.1\r\nHost: x\r\nX-Slow: `,
      `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    ]) {
      await using connection = await openRaw(impatient.admin)
      connection.write(start)
      expect(await connection.all).toMatch(/^HTTP\/1.1 408 Request Timeout/)
    }
  })
})

describe('headers', () => {
  test('of up to a megabyte are taken, as in Kubernetes, and more get 431', async () => {
    const header = (bytes: number) => ask(server.admin, 'GET', PATH, undefined, { 'x-long': 'x'.repeat(bytes) })
    expect((await header(900_000)).code).toBe(200)
    await using connection = await openRaw(server.admin)
    connection.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(1_100_000)}\r\n\r\n`)
    expect(await connection.all).toMatch(/^HTTP\/1.1 431 Request Header Fields Too Large/)
  })
})

describe('requests that two servers could read differently', () => {
  const post = (headers: string, body: string) => `POST ${PATH} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`
  const smuggled = `GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n`

  test.each([
    ['a length and chunks', post('Content-Length: 5\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`)],
    ['two lengths', post('Content-Length: 0\r\nContent-Length: 40', smuggled)],
    ['a length that is no number', post('Content-Length: 0x10', smuggled)],
    ['chunks by another name', post('Transfer-Encoding: xchunked', `0\r\n\r\n${smuggled}`)],
    ['chunks, then something else', post('Transfer-Encoding: chunked, identity', `0\r\n\r\n${smuggled}`)],
    ['a chunk whose size is no number', post('Transfer-Encoding: chunked', `zz\r\n\r\n${smuggled}`)],
    ['a header with a space before its colon', post('Content-Length : 5', `abcde${smuggled}`)],
    ['a header folded over two lines', post('X-A: b\r\n Content-Length: 5', `abcde${smuggled}`)],
    ['lines that end with a lone carriage return', `GET ${PATH} HTTP/1.1\rHost: x\r\r${smuggled}`],
    ['a zero byte in a header', post('X-A: b\0c', smuggled)],
  ])('%s: 400, and nothing behind it is served', async (_name, bytes) => {
    await using connection = await openRaw(server.admin)
    connection.write(bytes)
    const answer = await connection.all
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request/)
    expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1)
  })
})

describe('paths', () => {
  test.each([
    '/api/v1/namespaces/default/../kube-system/configmaps',
    '/api/v1/namespaces/default/configmaps/..%2f..%2fkube-system%2fconfigmaps',
    '/api/v1/namespaces/default%2f..%2fkube-system/configmaps/kube-root-ca.crt',
    '/api/v1/namespaces/kube-system%2fx/configmaps',
    '/api//v1/configmaps',
    '//api/v1/configmaps',
    '/api/v1/./configmaps',
    '/api/v1/namespaces/%00/configmaps/x',
    '/api/v1/namespaces/default/configmaps/%zz',
    '/api/v1/namespaces/default/configmaps/a%2fb',
    '/api/v1/__proto__',
    '/apis/__proto__/v1/x',
    '/apis/constructor/prototype/toString',
    '/openapi/v3/__proto__',
    '/openapi/v3/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
  ])('%s leads nowhere', async (path) => {
    await using connection = await openRaw(server.admin)
    connection.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const answer = await connection.all
    // A list of what is in a namespace of that name, which is nothing, tells nothing.
    if (answer.startsWith('HTTP/1.1 200')) expect(answer).toContain('"items":[]')
    else expect(answer).toMatch(/^HTTP\/1.1 (301|400|404) /)
  })
})

test('queries that are no text, repeated, or very long cost nothing but an answer', async () => {
  for (const query of [
    'labelSelector=%ff%fe',
    'limit=-1',
    'limit=1e9',
    'continue=AAAA',
    'timeoutSeconds=99999999999999999999',
    `labelSelector=${'a,'.repeat(100_000)}a`,
    '__proto__=1&constructor=2',
    'fieldSelector=a%3db%3dc',
  ]) {
    const { code } = await ask(server.admin, 'GET', `${PATH}?${query}`)
    expect([query.slice(0, 40), code]).toEqual([
      query.slice(0, 40),
      expect.toSatisfy((each) => each === 200 || ((each as number) % 100 < 30 && (each as number) < 500)),
    ])
  }
})

test('each request is recorded at level Metadata, with who asked for what and what came of it', async () => {
  recorded.length = 0
  await ask(server.endpointFor('eve', ['spies']), 'GET', '/api/v1/namespaces/default/secrets/gold?x="y"')
  expect(recorded.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      stage: 'ResponseComplete',
      requestURI: '/api/v1/namespaces/default/secrets/gold?x="y"',
      verb: 'get',
      user: expect.objectContaining({ username: 'eve', groups: ['spies', 'system:authenticated'] }) as object,
      sourceIPs: ['127.0.0.1'],
      userAgent: 'abuse',
      objectRef: { resource: 'secrets', namespace: 'default', name: 'gold', apiVersion: 'v1' },
      responseStatus: {
        metadata: {},
        status: 'Failure',
        message:
          'secrets "gold" is forbidden: User "eve" cannot get resource "secrets" in API group "" in the namespace "default"',
        reason: 'Forbidden',
        details: { name: 'gold', kind: 'secrets' },
        code: 403,
      },
      requestReceivedTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/) as string,
      stageTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/) as string,
      annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': '' },
    },
  ])
})

test('each answer names the event that records it, by the id that the client chose or one of its own', async () => {
  recorded.length = 0
  const mine = await ask(server.admin, 'GET', '/api/v1/namespaces/default', undefined, { 'Audit-ID': 'one "of" mine' })
  const { headers } = await ask(server.admin, 'GET', '/healthz')
  const watched = await ask(server.admin, 'GET', `${PATH}?watch=1&timeoutSeconds=1`)
  expect(mine.headers['audit-id']).toBe('one "of" mine')
  const events = () => recorded.map((line) => JSON.parse(line) as { auditID: string; stage: string })
  await expect
    .poll(() => events().map(({ auditID, stage }) => [auditID, stage]))
    .toEqual([
      ['one "of" mine', 'ResponseComplete'],
      [headers['audit-id'], 'ResponseComplete'],
      [watched.headers['audit-id'], 'ResponseStarted'],
      [watched.headers['audit-id'], 'ResponseComplete'],
    ])
})

test('metrics have Kubernetes’ names, count what was served, and are for those who may read them', async () => {
  const { text } = await ask(server.admin, 'GET', '/metrics')
  const value = (line: string) =>
    text
      .split('\n')
      .find((each) => each.startsWith(line))
      ?.split(' ')
      .at(-1)
  const before = Number(
    value('apiserver_request_total{verb="LIST",dry_run="",group="",version="v1",resource="nodes"') ?? 0,
  )
  await ask(server.admin, 'GET', '/api/v1/nodes')
  const again = (await ask(server.admin, 'GET', '/metrics')).text
  const labels =
    'verb="LIST",dry_run="",group="",version="v1",resource="nodes",subresource="",scope="cluster",component="apiserver"'
  expect(again).toContain(`apiserver_request_total{${labels},code="200"} ${before + 1}\n`)
  expect(again).toContain(`apiserver_request_duration_seconds_bucket{${labels},le="+Inf"} ${before + 1}\n`)
  for (const name of [
    'apiserver_current_inflight_requests',
    'apiserver_longrunning_requests',
    'apiserver_storage_objects',
    'apiserver_admission_step_admission_duration_seconds',
    'apiserver_watch_events_total',
    'process_resident_memory_bytes',
  ])
    expect(again).toContain(`# TYPE ${name} `)
  expect(again).toMatch(/^apiserver_storage_objects\{resource="namespaces"\} 4$/m)
  // Every line is one that Prometheus reads.
  const strange = again
    .split('\n')
    .filter((line) => !/^(#.*|[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? [\d.e+-]+|)$/.test(line))
  expect(strange).toEqual([])
  const { clientCertificate: _, clientKey: __, ...anonymous } = server.admin
  expect((await ask(anonymous, 'GET', '/metrics')).code).toBe(403)
})
