import { afterAll, beforeAll, expect, test } from 'vitest'
import { openConnection } from '../src/client/http/connection.ts'
import type { Connection } from '../src/client/http/connection.ts'
import { readAll } from '../src/client/http/response.ts'
import { startApiServer } from './api-server.ts'
import type { TestServer } from './api-server.ts'

let server: TestServer
let connection: Connection

beforeAll(async () => {
  server = await startApiServer()
  connection = openConnection(server.admin, 'test')
  const schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: {
          size: { type: 'integer', format: 'int64', maximum: 2 ** 62 },
          next: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self != 9007199254740995' }] },
        },
      },
    },
  }
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }]
  const names = { plural: 'counters', kind: 'Counter' }
  const spec = { group: 'example.com', scope: 'Cluster', names, versions }
  const kind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
  const definition = { ...kind, metadata: { name: 'counters.example.com' }, spec }
  await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', JSON.stringify(definition))
})
afterAll(async () => {
  connection.close()
  await server[Symbol.asyncDispose]()
})

async function ask(method: string, path: string, body?: string, contentType = 'application/json'): Promise<string> {
  const response = await connection.send({ method, path, ...(body !== undefined && { body, contentType }) })
  return (await readAll(response)).toString()
}

const COUNTERS = '/apis/example.com/v1/counters'
const counter = (name: string, spec: string) =>
  `{"apiVersion":"example.com/v1","kind":"Counter","metadata":{"name":"${name}"},"spec":${spec}}`

test('integers of 64 bits in custom resources are stored and served as they were sent', async () => {
  await ask('POST', COUNTERS, counter('a', '{"size":9007199254740993,"own":[-9223372036854775808]}'))
  expect(await ask('GET', `${COUNTERS}/a`)).toContain('"spec":{"size":9007199254740993,"own":[-9223372036854775808]}')
  const patch = '{"spec":{"size":9007199254740995}}'
  expect(await ask('PATCH', `${COUNTERS}/a`, patch, 'application/merge-patch+json')).toContain(
    '"size":9007199254740995',
  )
})

test('rules see such integers exactly', async () => {
  expect(await ask('POST', COUNTERS, counter('b', '{"next":9007199254740995}'))).toContain('is invalid: spec.next')
  expect(await ask('POST', COUNTERS, counter('c', '{"next":9007199254740993}'))).toContain('"next":9007199254740993')
})
