import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  configMaps,
  deployments,
  mutatingWebhookConfigurations,
  pods,
  serviceAccounts,
  validatingWebhookConfigurations,
} from '../../../api/generated/resources.ts'
import type { KubeObject } from '../../../api/object.ts'
import { systemEnvironment } from '../../../env/system.ts'
import { createAuthority } from '../../../identity/authority.ts'
import { createMemoryStore } from '../../../store/memory-store.ts'
import { createApiServer } from '../../api-server.ts'
import type { AuditNotes } from '../../audit/audit-notes.ts'
import { createDirectClient } from '../../direct-client.ts'
import { allowAll } from '../../verbs/authorizer.ts'

/** What a webhook is asked, and what it is to answer: a response, or a whole body. */
interface Asked {
  readonly uid: string
  readonly name?: string
  readonly namespace?: string
  readonly operation: string
  readonly subResource?: string
  readonly kind: { readonly kind: string }
  readonly object: (KubeObject & Record<string, unknown>) | null
  readonly oldObject: (KubeObject & Record<string, unknown>) | null
  readonly options: unknown
}
type Answer = { readonly response: object } | { readonly body: string; readonly code?: number }

const authority = createAuthority(systemEnvironment('error'), 'webhooks')
const asked: { readonly path: string; readonly review: Asked }[] = []
let answer: (review: Asked, path: string) => Answer = () => ({ response: { allowed: true } })
let url = ''
const { certificate, key } = authority.issueServer('hook', ['localhost'])
const server = createServer({ cert: certificate, key }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { apiVersion, request: review } = JSON.parse(Buffer.concat(chunks).toString()) as {
      apiVersion: string
      request: Asked
    }
    const path = (request.url ?? '').replace(/\?.*/, '')
    asked.push({ path, review })
    const given = answer(review, path)
    if ('body' in given) return void response.writeHead(given.code ?? 200).end(given.body.replaceAll('UID', review.uid))
    const full = { apiVersion, kind: 'AdmissionReview', response: { uid: review.uid, ...given.response } }
    response.end(JSON.stringify(full))
  })
})

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `https://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close().closeAllConnections())

const caBundle = Buffer.from(authority.certificate).toString('base64')
const metadata = { name: 'x', namespace: 'default' }
const data = { a: '1' }
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }

async function connect() {
  asked.length = 0
  const environment = systemEnvironment('error')
  const api = await createApiServer({ environment, store: createMemoryStore(environment), authorizer: allowAll })
  const client = createDirectClient(api, { user: { name: 'ann', groups: [] } })
  const register = (kind: 'Mutating' | 'Validating', resources: readonly string[], more: readonly object[] = [{}]) => {
    const rules = [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources }]
    const webhooks = more.map((one, i) => ({
      name: `hook${i}.example.com`,
      rules,
      clientConfig: { url: `${url}/${i}`, caBundle },
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      ...one,
    }))
    const type = kind === 'Mutating' ? mutatingWebhookConfigurations : validatingWebhookConfigurations
    const apiVersion = 'admissionregistration.k8s.io/v1'
    const object = { apiVersion, kind: `${kind}WebhookConfiguration`, metadata: { name: 'hooks' }, webhooks }
    return client.create(type, object as never)
  }
  return { api, client, register }
}

const patch = (operations: unknown) => Buffer.from(JSON.stringify(operations)).toString('base64')
const patching = (operations: unknown): Answer => ({
  response: { allowed: true, patchType: 'JSONPatch', patch: patch(operations) },
})
const review = (body: object): Answer => ({
  body: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', ...body }),
})
const allowed = { response: { uid: 'UID', allowed: true } }

const calling = 'Internal error occurred: failed calling webhook "hook0.example.com": '
const received = `${calling}received invalid webhook response: `

// What Kubernetes 1.34.4 answers to its client for each answer of a webhook.
const VALIDATING: readonly (readonly [what: string, answer: Answer, message: string])[] = [
  ['nothing in it', review({}), `${received}webhook response was absent`],
  ['another id', review({ response: { uid: 'x' } }), `${received}expected response.uid="<uid>", got "x"`],
  [
    'another version',
    review({ apiVersion: 'admission.k8s.io/v1beta1', ...allowed }),
    `${calling}failed to call webhook: converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion`,
  ],
  [
    'another kind',
    review({ apiVersion: 'v1', kind: 'Pod', ...allowed }),
    `${calling}failed to call webhook: no kind "Pod" is registered for version "v1" in scheme "pkg/runtime/scheme.go:110"`,
  ],
  [
    'no kind',
    { body: JSON.stringify(allowed) },
    `${received}expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=`,
  ],
  [
    'a Status',
    review({ apiVersion: 'v1', kind: 'Status' }),
    `${calling}failed to call webhook: converting (v1.Status) to (v1.AdmissionReview): unknown conversion`,
  ],
  [
    'no JSON',
    { body: 'hello' },
    `${calling}failed to call webhook: couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type ` +
      String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`,
  ],
  [
    'code 400',
    { code: 400, body: 'bad' },
    `${calling}failed to call webhook: the server rejected our request for an unknown reason`,
  ],
  [
    'code 500',
    { code: 500, body: 'boom' },
    `${calling}failed to call webhook: an error on the server ("boom") has prevented the request from succeeding`,
  ],
  ['a patch', patching([]), `${received}validating webhook may not return response.patch`],
  [
    'a type of patch',
    { response: { allowed: true, patchType: 'JSONPatch' } },
    `${received}validating webhook may not return response.patchType`,
  ],
]

const MUTATING: typeof VALIDATING = [
  [
    'a patch without a type',
    { response: { allowed: true, patch: patch([]) } },
    `${received}webhook returned response.patch but not response.patchType`,
  ],
  [
    'a type without a patch',
    { response: { allowed: true, patchType: 'JSONPatch' } },
    `${received}webhook returned response.patchType but not response.patch`,
  ],
  [
    'another type',
    { response: { allowed: true, patchType: 'MergePatch', patch: patch([{}]) } },
    `${calling}unsupported patch type "MergePatch"`,
  ],
  [
    'half a patch',
    { response: { allowed: true, patchType: 'JSONPatch', patch: Buffer.from('{').toString('base64') } },
    `${calling}received undecodable patch in webhook response: unexpected end of JSON input`,
  ],
  [
    'a patch of what is not there',
    patching([{ op: 'replace', path: '/data/nope/x', value: 1 }]),
    'Internal error occurred: replace operation does not apply: doc is missing path: /data/nope/x: missing value',
  ],
  [
    'a removal of what is not there',
    patching([{ op: 'remove', path: '/data/nope' }]),
    "Internal error occurred: error in remove for path: '/data/nope': Unable to remove nonexistent key: nope: missing value",
  ],
  [
    'a test that fails',
    patching([{ op: 'test', path: '/data/a', value: 'z' }]),
    'Internal error occurred: testing value /data/a failed: test failed',
  ],
  [
    'a value of the wrong type',
    patching([{ op: 'add', path: '/data', value: [1] }]),
    'Internal error occurred: json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string',
  ],
]

test.each([
  ...VALIDATING.map((row) => ['validating', ...row] as const),
  ...MUTATING.map((row) => ['mutating', ...row] as const),
])('a %s webhook that answers %s is told of in the words of Kubernetes', async (kind, _, given, message) => {
  const { client, register } = await connect()
  answer = () => given
  await register(kind === 'mutating' ? 'Mutating' : 'Validating', ['configmaps'])
  const found = await client.create(configMaps, configMap).catch((error: unknown) => error)
  expect({ ...(found as object), message: String((found as Error).message).replace(/[0-9a-f-]{36}/, '<uid>') }).toEqual(
    expect.objectContaining({ message, status: expect.objectContaining({ code: 500 }) as object }),
  )
})

test('a webhook of the older version of reviews is asked in it, and answers without the id', async () => {
  const { client, register } = await connect()
  answer = () => ({
    body: JSON.stringify({
      apiVersion: 'admission.k8s.io/v1beta1',
      kind: 'AdmissionReview',
      response: { allowed: true, patch: patch([{ op: 'add', path: '/data/b', value: '2' }]) },
    }),
  })
  await register('Mutating', ['configmaps'], [{ admissionReviewVersions: ['v1beta1', 'v1'] }])
  expect((await client.create(configMaps, configMap)).data).toEqual({ a: '1', b: '2' })
})

test('after a change those webhooks that want it are asked once more, in a second round, and the event tells of each', async () => {
  const { api, register } = await connect()
  answer = ({ object }, path) => {
    const seen = (object as { data?: Record<string, string> }).data ?? {}
    if (path === '/1' && seen['b'] === undefined) return patching([{ op: 'add', path: '/data/b', value: '2' }])
    return { response: { allowed: true, auditAnnotations: { seen: Object.keys(seen).join() } } }
  }
  await register(
    'Mutating',
    ['configmaps'],
    [{ reinvocationPolicy: 'IfNeeded' }, { reinvocationPolicy: 'IfNeeded' }, {}],
  )
  const resource = api.registry.find('', 'v1', 'configmaps')
  if (resource === undefined) throw new Error('no ConfigMaps')
  const notes: AuditNotes = { id: 'one' }
  const context = { user: { name: 'ann', groups: [] }, warn: () => {}, notes }
  await api.verbs.create(context, { resource, namespace: 'default' }, { value: configMap })
  expect(asked.map(({ path }) => path)).toEqual(['/0', '/1', '/2', '/0'])
  const round = (mutated: boolean, i: number) =>
    JSON.stringify({ configuration: 'hooks', webhook: `hook${i}.example.com`, mutated })
  expect(Object.fromEntries(notes.annotations ?? [])).toEqual({
    'hook0.example.com/seen': 'a',
    'hook2.example.com/seen': 'a,b',
    'mutation.webhook.admission.k8s.io/round_0_index_0': round(false, 0),
    'mutation.webhook.admission.k8s.io/round_0_index_1': round(true, 1),
    'mutation.webhook.admission.k8s.io/round_0_index_2': round(false, 2),
    'mutation.webhook.admission.k8s.io/round_1_index_0': round(false, 0),
  })
})

test('what is made has no id, no time and no generated name before it was admitted', async () => {
  const { client, register } = await connect()
  answer = () => ({ response: { allowed: true } })
  await register('Mutating', ['configmaps'])
  await client.create(configMaps, { ...configMap, metadata: { generateName: 'x-', namespace: 'default' } })
  const { object, name } = asked[0]?.review ?? {}
  expect([name, object?.metadata.uid, object?.metadata.creationTimestamp, object?.metadata.name]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('of /scale the Scale is shown, to those who ask for it', async () => {
  const { client, register } = await connect()
  answer = () => ({ response: { allowed: true } })
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const spec = { replicas: 0, selector: { matchLabels: { a: 'b' } }, template }
  await client.create(deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec } as never)
  await register('Validating', ['deployments/scale', 'deployments'])
  await client.patch(
    deployments,
    metadata,
    { type: 'merge', patch: { spec: { replicas: 2 } } },
    { subresource: 'scale' },
  )
  expect(asked.map(({ review: { kind, subResource, operation } }) => [kind.kind, subResource, operation])).toEqual([
    ['Scale', 'scale', 'UPDATE'],
  ])
  const [only] = asked
  expect(only?.review.object).toMatchObject({
    kind: 'Scale',
    spec: { replicas: 2 },
    status: { replicas: 0, selector: 'a=b' },
  })
  expect(only?.review.oldObject).toMatchObject({ kind: 'Scale', spec: {} })
})

test('a write that changes nothing is asked about as well, and so is a deletion, with its options', async () => {
  const { client, register } = await connect()
  answer = () => ({ response: { allowed: false } })
  await client.create(configMaps, configMap)
  await register('Validating', ['configmaps'])
  await expect(client.patch(configMaps, metadata, { type: 'merge', patch: { data } })).rejects.toThrow(/denied/)
  await expect(client.delete(configMaps, metadata, { gracePeriodSeconds: 3 })).rejects.toThrow(/denied/)
  await expect(client.deleteCollection(configMaps, { namespace: 'default' })).rejects.toThrow(/denied/)
  expect(asked.map(({ review: { operation, name } }) => [operation, name])).toEqual([
    ['UPDATE', 'x'],
    ['DELETE', 'x'],
    // Whoever deletes a collection names none of what is in it.
    ['DELETE', undefined],
  ])
  expect(asked[1]?.review.options).toEqual({
    kind: 'DeleteOptions',
    apiVersion: 'meta.k8s.io/v1',
    gracePeriodSeconds: 3,
  })
})

test('a webhook that patches what is deleted fails', async () => {
  const { client, register } = await connect()
  answer = () => patching([{ op: 'add', path: '/data/b', value: '2' }])
  await client.create(configMaps, configMap)
  await register('Mutating', ['configmaps'])
  await expect(client.delete(configMaps, metadata)).rejects.toThrow(
    'Internal error occurred: admission webhook "hook0.example.com" attempted to modify the object, which is not supported for this operation',
  )
})

test('an eviction is asked about as such, not as a deletion; an access review is asked about too', async () => {
  const { api, client, register } = await connect()
  answer = ({ kind }) => ({ response: { allowed: kind.kind !== 'LocalSubjectAccessReview' } })
  await client.create(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { ...metadata, name: 'default' },
  })
  const spec = { containers: [{ name: 'c', image: 'i' }] }
  await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec } as never)
  await register('Validating', ['*/*'])
  await client.createSubresource(pods, metadata, 'eviction', { metadata: { name: 'x' } } as never)
  const resource = api.registry.find('authorization.k8s.io', 'v1', 'localsubjectaccessreviews')
  if (resource === undefined) throw new Error('no reviews')
  const context = { user: { name: 'ann', groups: [] }, warn: () => {} }
  const value = { apiVersion: 'authorization.k8s.io/v1', kind: 'LocalSubjectAccessReview', metadata: {}, spec: {} }
  const created = api.verbs.create(context, { resource, namespace: 'default' }, { value })
  await expect(created).rejects.toThrow(/denied/)
  expect(asked.map(({ review: { operation, kind, object } }) => [operation, kind.kind, object?.['status']])).toEqual([
    ['CREATE', 'Eviction', undefined],
    ['CREATE', 'LocalSubjectAccessReview', { allowed: false }],
  ])
})

test('a path through the proxy is a connection, of which its options are shown', async () => {
  const { api, register } = await connect()
  answer = () => ({ response: { allowed: false } })
  await register('Validating', ['services/proxy'])
  const resource = api.registry.find('', 'v1', 'services')
  if (resource === undefined) throw new Error('no Services')
  const context = { user: { name: 'ann', groups: [] }, warn: () => {} }
  const target = { resource, namespace: 'default', name: 'https:s:443', subresource: 'proxy' }
  await expect(api.verbs.proxy(context, target, 'create', '/a/b')).rejects.toThrow(/denied/)
  expect(asked[0]?.review).toMatchObject({
    operation: 'CONNECT',
    name: 'https:s:443',
    kind: { kind: 'ServiceProxyOptions' },
    object: { apiVersion: 'v1', kind: 'ServiceProxyOptions', path: '/a/b' },
    options: null,
  })
})
