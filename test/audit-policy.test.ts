import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAuditFile } from '../src/apiserver/audit/audit-file.ts'
import { readAuditPolicy } from '../src/apiserver/audit/read-policy.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { ask } from './abuse/raw.ts'
import { startApiServer } from './api-server.ts'
import type { TestServer } from './api-server.ts'

const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- { level: None, verbs: [delete] }
- { level: RequestResponse, verbs: [create, list, patch], omitManagedFields: true, omitStages: [RequestReceived] }
- { level: Request, resources: [{ group: "" }] }
- { level: Metadata, omitStages: [ResponseStarted, ResponseComplete] }
`
const PATH = '/api/v1/namespaces/default/configmaps'
const lines: string[] = []
const directory = mkdtempSync(join(tmpdir(), 'shoal-audit-'))
let server: TestServer

beforeAll(async () => {
  const audit = { write: (line: string) => void lines.push(line), close: async () => {} }
  server = await startApiServer({ http: { audit, auditPolicy: readAuditPolicy(POLICY, () => {}) } })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

/** What is recorded of one request. */
async function recorded(method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
  lines.length = 0
  await ask(server.admin, method, path, body === undefined ? undefined : JSON.stringify(body), headers)
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('at level RequestResponse what was sent and what was answered are recorded, without managed fields', async () => {
  const sent = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'v' } }
  const [event, ...more] = await recorded('POST', PATH, sent)
  expect(more).toEqual([])
  const reference = { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' }
  expect(event).toMatchObject({ stage: 'ResponseComplete', level: 'RequestResponse', requestObject: sent })
  expect([event?.['objectRef'], event?.['responseStatus']]).toEqual([reference, { metadata: {}, code: 201 }])
  const { responseObject } = event as { responseObject: { data: object; metadata: object } }
  expect(responseObject).toMatchObject({ data: { k: 'v' }, metadata: { name: 'a', uid: expect.anything() as string } })
  expect(responseObject.metadata).not.toHaveProperty('managedFields')
  const [listed] = await recorded('GET', PATH)
  expect(JSON.stringify(listed?.['responseObject'])).not.toContain('managedFields')
  expect(listed?.['responseObject']).toMatchObject({ kind: 'ConfigMapList', items: [{ data: { k: 'v' } }] })
  const headers = { 'content-type': 'application/merge-patch+json' }
  const [patched] = await recorded('PATCH', `${PATH}/a`, { data: { k: 'w' } }, headers)
  expect(patched).toMatchObject({ requestObject: { data: { k: 'w' } }, responseObject: { data: { k: 'w' } } })
})

test('at level Request only what was sent, at Metadata neither, in the stages that are wanted, and at None nothing', async () => {
  const sent = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'x' } }
  const put = await recorded('PUT', `${PATH}/a`, sent)
  expect(put.map(({ stage, requestObject, responseObject }) => [stage, requestObject, responseObject])).toEqual([
    ['RequestReceived', undefined, undefined],
    ['ResponseComplete', sent, undefined],
  ])
  expect(new Set(put.map(({ auditID }) => auditID)).size).toBe(1)
  expect((await recorded('GET', '/version')).map(({ stage, level }) => [stage, level])).toEqual([
    ['RequestReceived', 'Metadata'],
  ])
  expect(await recorded('DELETE', `${PATH}/a`)).toEqual([])
})

test('who made a request as somebody else is recorded as its user, beside whom it was made as', async () => {
  const headers = { 'impersonate-user': 'eve', 'impersonate-group': 'spies' }
  const [event] = await recorded('GET', PATH, undefined, headers)
  expect(event).toMatchObject({
    user: { groups: expect.arrayContaining(['system:masters']) as string[] },
    impersonatedUser: { username: 'eve', groups: ['spies', 'system:authenticated'] },
    responseStatus: { code: 403 },
  })
})

test('a log that is full is put aside, and as many older ones are kept as is wanted', async () => {
  const path = join(directory, 'full.log')
  const env = systemEnvironment('error')
  for (let i = 0; i < 5; i++) {
    const sink = await openAuditFile(path, env, { maxBytes: 10, backups: 2 })
    sink.write(`line ${i}\n`)
    await sink.close()
  }
  const kept = readdirSync(directory).filter((name) => name.startsWith('full'))
  expect(kept.map((name) => readFileSync(join(directory, name), 'utf8'))).toEqual(['line 4\n', 'line 3\n', 'line 2\n'])
})

test('a policy that is none keeps a cluster from listening, with the field and what to do', async () => {
  const policyFile = join(directory, 'policy.yaml')
  writeFileSync(policyFile, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Everything }]\n')
  await using cluster = await createCluster({ apiOnly: true, audit: { log: join(directory, 'audit.log'), policyFile } })
  await expect(cluster.listen()).rejects.toMatchObject({
    code: 'CLUSTER_OPTION',
    message: `Cannot read "${policyFile}" as audit policy: rules[0].level is "Everything", expected one of None, Metadata, Request, RequestResponse, expected a Policy of audit.k8s.io/v1`,
    hint: expect.stringContaining('--audit-policy-file') as string,
  })
})
