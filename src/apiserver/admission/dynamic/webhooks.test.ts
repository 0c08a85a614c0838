import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import {
  configMaps,
  mutatingWebhookConfigurations,
  pods,
  serviceAccounts,
  services,
  validatingWebhookConfigurations,
} from '../../../api/generated/resources.ts'
import type { WebhookClientConfig } from '../../../api/generated/admissionregistration-v1.ts'
import type { Service } from '../../../api/generated/core-v1.ts'
import { systemEnvironment } from '../../../env/system.ts'
import { createAuthority } from '../../../identity/authority.ts'
import { createMemoryStore } from '../../../store/memory-store.ts'
import { createApiServer } from '../../api-server.ts'
import { createDirectClient } from '../../direct-client.ts'
import { allowAll } from '../../verbs/authorizer.ts'

interface Asked {
  readonly uid: string
  readonly operation: string
  readonly dryRun: boolean
  readonly object: { readonly metadata: { readonly name: string }; readonly data?: Readonly<Record<string, string>> }
  readonly oldObject: unknown
  readonly userInfo: { readonly username: string }
}

type Answer = (asked: Asked) => object | Promise<object>

const authority = createAuthority(systemEnvironment('error'), 'webhooks')

/** A webhook on loopback that answers to `localhost` and to the Service `hook` in `default`. */
async function serve(answer: Answer) {
  const { certificate, key } = authority.issueServer('hook', ['localhost', 'hook.default.svc'])
  const asked: Asked[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { request: review } = JSON.parse(Buffer.concat(chunks).toString()) as { request: Asked }
    asked.push(review)
    const given = await answer(review)
    response.end(
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: review.uid, ...given },
      }),
    )
  }
  const server = createServer({ cert: certificate, key }, (request, response) => void handle(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const caBundle = Buffer.from(authority.certificate).toString('base64')
  return { port, asked, clientConfig: { url: `https://localhost:${port}/check`, caBundle } }
}

async function connect() {
  const environment = systemEnvironment('error')
  const server = await createApiServer({ environment, store: createMemoryStore(environment), authorizer: allowAll })
  const warnings: string[] = []
  const warn = (text: string) => warnings.push(text)
  const client = createDirectClient(server, { user: { name: 'ann', groups: [] }, warn })
  const make = (name: string, data: Readonly<Record<string, string>> = {}, dryRun = false) =>
    client.create(
      configMaps,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data },
      { dryRun },
    )
  const register = (kind: 'Mutating' | 'Validating', clientConfig: WebhookClientConfig, more: object = {}) => {
    const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }]
    const reviews = { admissionReviewVersions: ['v1'], sideEffects: 'None' }
    const webhooks = [{ name: 'hook.example.com', rules, clientConfig, ...reviews, ...more }]
    const metadata = { name: `hooks-${kind.toLowerCase()}` }
    const apiVersion = 'admissionregistration.k8s.io/v1'
    return kind === 'Mutating'
      ? client.create(mutatingWebhookConfigurations, {
          apiVersion,
          kind: `${kind}WebhookConfiguration`,
          metadata,
          webhooks,
        })
      : client.create(validatingWebhookConfigurations, {
          apiVersion,
          kind: `${kind}WebhookConfiguration`,
          metadata,
          webhooks,
        })
  }
  return { client, make, register, warnings }
}

const patch = (operations: readonly object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})

test('a validating webhook is told who wants what, and its refusal and warnings reach the client', async () => {
  const { clientConfig, asked } = await serve(({ object }) =>
    object.metadata.name === 'bad'
      ? { allowed: false, status: { code: 402, message: 'too dear' }, warnings: ['think twice'] }
      : { allowed: true },
  )
  const { make, register, warnings } = await connect()
  await register('Validating', clientConfig)
  await make('good')
  expect(asked[0]).toMatchObject({ operation: 'CREATE', dryRun: false, oldObject: null, userInfo: { username: 'ann' } })
  await expect(make('bad')).rejects.toMatchObject({
    code: 402,
    message: 'admission webhook "hook.example.com" denied the request: too dear',
  })
  expect(warnings).toEqual(['think twice'])
})

test("a mutating webhook's patch is stored, and validated after", async () => {
  const { clientConfig } = await serve(({ object }) =>
    object.metadata.name === 'wrong'
      ? patch([{ op: 'replace', path: '/metadata/name', value: 'Not A Name' }])
      : patch([{ op: 'add', path: '/data/seen', value: 'yes' }]),
  )
  const { make, register } = await connect()
  await register('Mutating', clientConfig)
  expect((await make('a', { x: '1' })).data).toEqual({ x: '1', seen: 'yes' })
  await expect(make('wrong', { x: '1' })).rejects.toMatchObject({ code: 422 })
})

test('a webhook behind a Service without pods cannot be called', async () => {
  const { clientConfig } = await serve(() => ({ allowed: true }))
  const { client, make, register } = await connect()
  const metadata = { name: 'hook', namespace: 'default' }
  const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 443, name: 'https' }] } }
  await client.create(services, service as unknown as Service)
  await register('Validating', { caBundle: clientConfig.caBundle, service: { ...metadata, path: '/check' } })
  await expect(make('a')).rejects.toThrow('no endpoints available for service "hook"')
})

test('a webhook that nobody answers refuses, or is passed over where its failure is to be ignored', async () => {
  const dead = { url: 'https://127.0.0.1:1/check' }
  const strict = await connect()
  await strict.register('Validating', dead)
  await expect(strict.make('a')).rejects.toMatchObject({
    code: 500,
    reason: 'InternalError',
    message:
      'Internal error occurred: failed calling webhook "hook.example.com": failed to call webhook: ' +
      'Post "https://127.0.0.1:1/check?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused',
  })
  const lenient = await connect()
  await lenient.register('Validating', dead, { failurePolicy: 'Ignore' })
  await lenient.make('a')
})

test('one that does not answer in time is given up', async () => {
  const { clientConfig } = await serve(() => new Promise(() => {}))
  const { make, register } = await connect()
  await register('Validating', clientConfig, { timeoutSeconds: 1 })
  await expect(make('a')).rejects.toThrow('context deadline exceeded')
})

test('match conditions and selectors decide whether a webhook is asked', async () => {
  const { clientConfig, asked } = await serve(() => ({ allowed: false }))
  const { make, register } = await connect()
  const matchConditions = [{ name: 'only-x', expression: 'object.metadata.name.startsWith("x")' }]
  await register('Validating', clientConfig, { matchConditions })
  await make('a')
  expect(asked).toEqual([])
  await expect(make('x')).rejects.toThrow('admission webhook "hook.example.com" denied the request without explanation')
})

test('an update that is overtaken while a webhook is asked is tried again on what is there then', async () => {
  let hold: (() => void) | undefined
  const { clientConfig, asked } = await serve(async ({ operation, object }) => {
    if (operation === 'UPDATE' && object.data?.['slow'] === '1' && hold === undefined) {
      await new Promise<void>((resolve) => (hold = resolve))
    }
    return { allowed: true }
  })
  const { client, make, register } = await connect()
  await make('a', { x: '1' })
  await register('Validating', clientConfig)
  const key = { namespace: 'default', name: 'a' }
  const merge = (data: object) => client.patch(configMaps, key, { type: 'merge', patch: { data } })
  const slow = merge({ slow: '1' })
  await expect.poll(() => hold).toBeDefined()
  await merge({ quick: '1' })
  hold?.()
  expect((await slow).data).toEqual({ x: '1', slow: '1', quick: '1' })
  expect(asked).toHaveLength(3)
})

test('acts on a pod are asked about too: bindings and evictions as CREATE, connections as CONNECT, each with its own kind', async () => {
  const { client, register } = await connect()
  const { clientConfig, asked } = await serve(({ operation, object }) => {
    const { kind } = object as unknown as { kind: string }
    return { allowed: kind === 'Binding', status: { message: `no ${kind} by ${operation}` } }
  })
  const metadata = { name: 'p', namespace: 'default' }
  await client.create(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  })
  const spec = { containers: [{ name: 'main', image: 'i' }] }
  await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec } as never)
  const resources = ['pods/binding', 'pods/eviction', 'pods/exec']
  await register('Validating', clientConfig, {
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'CONNECT'], resources }],
  })
  const act = (subresource: string, body: object) =>
    client.createSubresource(pods, metadata, subresource, { metadata, ...body } as never)
  await act('binding', { target: { kind: 'Node', name: 'n' } })
  expect((await client.get(pods, metadata)).spec?.nodeName).toBe('n')
  await expect(act('eviction', {})).rejects.toThrow(/denied the request: no Eviction by CREATE/)
  expect((await client.get(pods, metadata)).metadata.deletionTimestamp).toBeUndefined()
  expect(asked.map(({ operation, object }) => [operation, (object as unknown as { kind: string }).kind])).toEqual([
    ['CREATE', 'Binding'],
    ['CREATE', 'Eviction'],
  ])
  expect(asked[0]).toMatchObject({
    kind: { group: '', version: 'v1', kind: 'Binding' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    subResource: 'binding',
    name: 'p',
    oldObject: null,
  })
})
