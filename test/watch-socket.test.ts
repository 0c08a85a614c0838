import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { openConnection } from '../src/client/http/connection.ts'
import { startApiServer } from './api-server.ts'
import type { TestServer } from './api-server.ts'

const PATH = '/api/v1/namespaces/default/configmaps'
let server: TestServer

beforeAll(async () => {
  server = await startApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

function open(path: string): WebSocket {
  const { certificateAuthority: ca, clientCertificate: cert, clientKey: key } = server.admin
  return new WebSocket(`${server.admin.server.replace('https', 'wss')}${path}`, { ca, cert, key })
}

/** The types and names of a watch's events, as its messages tell them: each is one whole object of JSON. */
function heard(socket: WebSocket): readonly (readonly [string, string | undefined])[] {
  const events: (readonly [string, string | undefined])[] = []
  socket.on('message', (data: Buffer, isBinary) => {
    expect(isBinary).toBe(false)
    const { type, object } = JSON.parse(data.toString()) as { type: string; object: { metadata: { name?: string } } }
    events.push([type, object.metadata.name])
  })
  return events
}

test('a watch over a WebSocket sends a message for each event, those of before it included, and ends in time', async () => {
  const connection = openConnection(server.admin, 'test')
  const send = async (method: string, path: string, body?: object) =>
    (
      await connection.send({
        method,
        path,
        ...(body && { body: JSON.stringify(body), contentType: 'application/json' }),
      })
    ).resume()
  const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
  await send('POST', PATH, configMap('a'))
  const socket = open(`${PATH}?watch=true&timeoutSeconds=60`)
  const events = heard(socket)
  await expect.poll(() => events).toEqual([['ADDED', 'a']])
  await send('POST', PATH, configMap('b'))
  await send('DELETE', `${PATH}/a`)
  await expect
    .poll(() => events)
    .toEqual([
      ['ADDED', 'a'],
      ['ADDED', 'b'],
      ['DELETED', 'a'],
    ])
  socket.close()
  const short = open(`${PATH}?watch=true&timeoutSeconds=1`)
  expect(await new Promise((resolve) => short.once('close', resolve))).toBe(1000)
  connection.close()
})

test('a watch that cannot begin is refused as any request is', async () => {
  const socket = open(`${PATH}?watch=true&labelSelector=a=b=c`)
  const code = await new Promise((resolve, reject) => {
    socket.once('unexpected-response', (_, response) => resolve(response.statusCode))
    socket.once('open', () => reject(new Error('it was let in')))
    socket.on('error', () => {})
  })
  expect(code).toBe(400)
})
