import { once } from 'node:events'
import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configMaps } from '../src/api/generated/resources.ts'
import { createHttpClient } from '../src/client/http.ts'
import { startApiServer } from './api-server.ts'
import type { TestServer } from './api-server.ts'

const PATH = '/api/v1/namespaces/default/configmaps'
/** Where nothing large is. */
const QUIET = '/api/v1/namespaces/kube-public/configmaps'
let server: TestServer
let session: ClientHttp2Session

beforeAll(async () => {
  server = await startApiServer()
  const { certificateAuthority: ca, clientCertificate: cert, clientKey: key } = server.admin
  session = connect(server.admin.server, { ca, cert, key })
  await once(session, 'connect')
})

afterAll(async () => {
  session.destroy()
  await server[Symbol.asyncDispose]()
})

async function send(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const stream = session.request({ ':method': method, ':path': path, 'content-type': 'application/json', ...headers })
  if (body !== undefined) stream.write(body)
  stream.end()
  const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
  return { code: answer[':status'], headers: answer, text: await textOf(stream) }
}

async function textOf(stream: ClientHttp2Stream): Promise<string> {
  let text = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) text += String(chunk)
  return text
}

const configMap = (name: string, value = '') =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value } })

test('a client that asks for HTTP/2 gets it, with the identity of its certificate, and others HTTP/1.1 on the same port', async () => {
  expect(session.alpnProtocol).toBe('h2')
  const created = await send('POST', PATH, configMap('second'))
  expect(created.code).toBe(201)
  const { code, text } = await send('GET', `${PATH}/second`)
  expect([code, (JSON.parse(text) as { metadata: { name: string } }).metadata.name]).toEqual([200, 'second'])
  const first = createHttpClient(server.admin)
  expect((await first.get(configMaps, { namespace: 'default', name: 'second' })).metadata.name).toBe('second')
  first.close()
})

test('answers, failures and bounds are those of HTTP/1.1', async () => {
  expect(await send('GET', `${PATH}/absent`)).toMatchObject({
    code: 404,
    text: expect.stringContaining('configmaps \\"absent\\" not found') as string,
  })
  expect((await send('POST', PATH, configMap('big', 'x'.repeat(3 << 20)))).code).toBe(413)
  expect((await send('POST', PATH, '{"a":')).code).toBe(400)
  expect((await send('GET', '/nowhere')).code).toBe(404)
  const big = await send('POST', PATH, configMap('large', 'x'.repeat(900_000)))
  expect(big.code).toBe(201)
  expect((await send('GET', `${PATH}/large`)).text.length).toBeGreaterThan(900_000)
})

test('many watches share a connection, each hears its events, and one ends when its stream does', async () => {
  const watches = Array.from({ length: 50 }, () => session.request({ ':path': `${QUIET}?watch=1&resourceVersion=0` }))
  await Promise.all(watches.map((each) => once(each, 'response')))
  const heard = watches.map(async (each) => {
    let text = ''
    each.on('data', (chunk: Buffer) => (text += chunk.toString()))
    while (!text.includes('"name":"heard"')) await once(each, 'data')
  })
  await send('POST', QUIET, configMap('heard'))
  await Promise.all(heard)
  const running = async () => {
    const line = (await send('GET', '/metrics')).text
      .split('\n')
      .find((each) => /^apiserver_longrunning.*configmaps/.test(each))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  for (const each of watches) each.close(constants.NGHTTP2_CANCEL)
  while ((await running()) > 0);
})

test('a watcher that does not read is closed, and its connection serves others', async () => {
  const watch = session.request({ ':path': `${PATH}?watch=1&resourceVersion=0` })
  await once(watch, 'response')
  watch.pause()
  const closed = once(watch, 'close')
  watch.on('error', () => {})
  for (let i = 0; i < 40; i++) await send('POST', PATH, configMap(`slow-${i}`, 'x'.repeat(900_000)))
  watch.resume()
  await closed
  expect((await send('GET', `${PATH}/second`)).code).toBe(200)
})
