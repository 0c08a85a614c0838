import { afterAll, beforeAll, expect, test } from 'vitest'
import { configMaps, roleBindings, serviceAccounts } from '../src/api/generated/resources.ts'
import type { TokenRequest } from '../src/api/generated/authentication-v1.ts'
import { wantsCompression } from '../src/apiserver/http/answer.ts'
import { createHttpClient } from '../src/client/http.ts'
import type { HttpClient } from '../src/client/http.ts'
import { openConnection } from '../src/client/http/connection.ts'
import type { Connection, HttpRequest } from '../src/client/http/connection.ts'
import { readAll } from '../src/client/http/response.ts'
import { startApiServer } from './api-server.ts'
import type { TestServer } from './api-server.ts'

const PATH = '/api/v1/namespaces/default/configmaps'
let server: TestServer
let client: HttpClient
let connection: Connection

beforeAll(async () => {
  server = await startApiServer()
  client = createHttpClient(server.admin)
  connection = openConnection(server.admin, 'test')
})

afterAll(async () => {
  client.close()
  connection.close()
  await server[Symbol.asyncDispose]()
})

async function send(request: HttpRequest, over = connection) {
  const response = await over.send(request)
  const text = (await readAll(response)).toString()
  return { code: response.statusCode, headers: response.headers, text }
}

const configMap = (name: string, data = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
})

test('a body of more than 3 MiB is refused with 413 and never held whole', async () => {
  const body = JSON.stringify(configMap('big', { x: 'x'.repeat(3 * 1024 * 1024) }))
  const { code, text } = await send({ method: 'POST', path: PATH, body })
  expect(code).toBe(413)
  expect(JSON.parse(text)).toMatchObject({
    kind: 'Status',
    reason: 'RequestEntityTooLarge',
    message: 'Request entity too large: limit is 3145728',
  })
})

test('bodies may be YAML, and answers too', async () => {
  const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata:\n  answer: "42"\n'
  const { code } = await send({ method: 'POST', path: PATH, body, contentType: 'application/yaml' })
  expect(code).toBe(201)
  const asYaml = openConnection({ ...server.admin, headers: { accept: 'application/yaml' } }, 'test')
  const read = await send({ method: 'GET', path: `${PATH}/yaml` }, asYaml)
  asYaml.close()
  expect(read.headers['content-type']).toBe('application/yaml')
  expect(read.text).toContain('answer: "42"')
})

test('YAML that unfolds into something huge is refused', async () => {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(',')}]`)
  const body = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\nl0: &l0 [x]\n${levels.join('\n')}\n`
  const { code } = await send({ method: 'POST', path: PATH, body, contentType: 'application/yaml' })
  expect(code).toBe(400)
})

test('fields named as parts of every JavaScript object are fields like others', async () => {
  const body = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto"},"data":{"__proto__":"a","constructor":"b"}}`
  const { code, text } = await send({ method: 'POST', path: PATH, body })
  expect(code).toBe(201)
  expect(text).toContain('"data":{"__proto__":"a","constructor":"b"}')
  expect(({} as Record<string, unknown>)['data']).toBeUndefined()
})

test('big answers are compressed for clients on other machines that ask for it', () => {
  expect(wantsCompression('gzip, deflate', '192.0.2.1', 200_000)).toBe(true)
  expect(wantsCompression('gzip', '192.0.2.1', 100_000)).toBe(false)
  expect(wantsCompression('deflate', '192.0.2.1', 200_000)).toBe(false)
  expect(wantsCompression(undefined, '192.0.2.1', 200_000)).toBe(false)
  expect(wantsCompression('gzip', '::ffff:127.0.0.1', 200_000)).toBe(false)
})

test('a service account’s token authenticates it, and a broken one nobody', async () => {
  const key = { namespace: 'default', name: 'robot' }
  await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: key })
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences: [] },
  }
  const { status } = await client.createSubresource<TokenRequest>(serviceAccounts, key, 'token', request as never)
  const { clientCertificate: _, clientKey: __, ...endpoint } = server.admin
  const robot = createHttpClient({ ...endpoint, token: status?.token ?? '' })
  const list = () => robot.list(configMaps, { namespace: 'default' })
  await expect(list()).rejects.toMatchObject({
    code: 403,
    message:
      'configmaps is forbidden: User "system:serviceaccount:default:robot" cannot list resource "configmaps" in API group "" in the namespace "default"',
  })
  await client.create(roleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'robot', namespace: 'default' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', ...key }],
  })
  expect((await list()).kind).toBe('ConfigMapList')
  robot.close()
  const stranger = createHttpClient({ ...endpoint, token: `${status?.token ?? ''}x` })
  await expect(stranger.list(configMaps)).rejects.toMatchObject({ code: 401, message: 'Unauthorized' })
  stranger.close()
})

test('a watcher that does not read is closed, and nobody waits for it', async () => {
  const response = await connection.send({ method: 'GET', path: `${PATH}?watch=1&resourceVersion=0`, streaming: true })
  response.pause()
  const data = { x: 'x'.repeat(900_000) }
  const count = 60
  for (let i = 0; i < count; i++) await client.create(configMaps, configMap(`slow-${i}`, data))
  let bytes = 0
  response.on('data', (chunk: Buffer) => (bytes += chunk.length))
  response.on('error', () => {})
  const closed = new Promise((resolve) => response.once('close', resolve))
  response.resume()
  await closed
  expect(bytes).toBeLessThan(count * 900_000)
})
