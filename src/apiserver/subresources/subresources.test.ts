import { expect, test } from 'vitest'
import type { TokenRequest } from '../../api/generated/authentication-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import type { PodDisruptionBudget } from '../../api/generated/policy-v1.ts'
import {
  deployments,
  podDisruptionBudgets,
  pods,
  serviceAccounts,
  subjectAccessReviews,
  tokenReviews,
} from '../../api/generated/resources.ts'
import type { KubeObject } from '../../api/object.ts'
import { keyOf } from '../../api/object.ts'
import { systemEnvironment } from '../../env/system.ts'
import { openClusterIdentity } from '../../identity/key-files.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createServiceAccountTokens } from '../authn/service-account-tokens.ts'
import { createDirectClient } from '../direct-client.ts'
import { allowAll } from '../verbs/authorizer.ts'
import type { NodeStreams } from './node-streams.ts'

const inDefault = (name: string, more: object = {}) => ({ name, namespace: 'default', ...more })

async function start(nodeStreams?: NodeStreams) {
  const environment = systemEnvironment('error')
  const store = createMemoryStore(environment)
  const identity = openClusterIdentity(environment)
  const uidOf = (kind: string, key: string) => store.head().get(`${kind.toLowerCase()}s`, key)?.object.metadata.uid
  const tokens = createServiceAccountTokens(environment, () => identity.serviceAccountKey, uidOf)
  const streams = nodeStreams === undefined ? {} : { nodeStreams }
  const server = await createApiServer({ environment, store, authorizer: allowAll, tokens, ...streams })
  const client = createDirectClient(server, { user: { name: 'ann', groups: [] } })
  await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inDefault('default') })
  return client
}

const pod = (name: string, spec: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: inDefault(name, { labels: { app: 'web' } }),
    spec: { containers: [{ name: 'main', image: 'busybox' }], ...spec },
  }) as Pod

const tokenRequest = (spec: object): KubeObject =>
  ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec }) as KubeObject

test('a token says whose it is, and ends with the pod that it is bound to', async () => {
  const client = await start()
  const { metadata } = await client.create(pods, pod('p'))
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: metadata.uid }
  const request = tokenRequest({ audiences: ['vault'], boundObjectRef, expirationSeconds: 600 })
  const { status } = await client.createSubresource<TokenRequest>(
    serviceAccounts,
    inDefault('default'),
    'token',
    request,
  )
  const review = async () => {
    const spec = { token: status?.token, audiences: ['vault'] }
    const object = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec }
    return (await client.create(tokenReviews, object as never)).status
  }
  expect(await review()).toMatchObject({
    authenticated: true,
    audiences: ['vault'],
    user: {
      username: 'system:serviceaccount:default:default',
      groups: expect.arrayContaining(['system:serviceaccounts', 'system:serviceaccounts:default']),
      extra: { 'authentication.kubernetes.io/pod-name': ['p'] },
    },
  })
  await client.delete(pods, inDefault('p'))
  expect(await review()).toMatchObject({ error: '[invalid bearer token, pods "p" not found]' })
})

test('a token lives ten minutes at the least, and is bound only to what is there', async () => {
  const client = await start()
  const ask = (spec: object) =>
    client.createSubresource(serviceAccounts, inDefault('default'), 'token', tokenRequest(spec))
  await expect(ask({ expirationSeconds: 599 })).rejects.toThrow('may not specify a duration less than 10 minutes')
  await expect(ask({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'gone' } })).rejects.toThrow(
    'pods "gone" not found',
  )
})

/** Pods that are not ready are evicted without the budget, where enough others are. */
const RUNNING = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }

async function withBudget(disruptionsAllowed: number) {
  const client = await start()
  const budget = await client.create(podDisruptionBudgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: inDefault('budget'),
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
  } as PodDisruptionBudget)
  const counts = { currentHealthy: 1 + disruptionsAllowed, desiredHealthy: 1, expectedPods: 2 }
  const status = { ...counts, disruptionsAllowed, observedGeneration: 1 }
  await client.update(podDisruptionBudgets, { ...budget, status } as PodDisruptionBudget, { subresource: 'status' })
  for (const name of ['a', 'b']) {
    const created = await client.create(pods, pod(name, { nodeName: 'n' }))
    await client.update(pods, { ...created, status: RUNNING } as Pod, { subresource: 'status' })
  }
  const eviction = (name: string) => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: inDefault(name) })
  const evict = (name: string, deleteOptions?: object, options: object = {}) =>
    client.createSubresource(pods, inDefault(name), 'eviction', { ...eviction(name), deleteOptions } as never, options)
  return { client, evict }
}

test('an eviction takes from the disruption budget, and is refused with 429 where nothing is left', async () => {
  const { client, evict } = await withBudget(1)
  await evict('a')
  expect((await client.get(pods, inDefault('a'))).metadata.deletionTimestamp).toBeDefined()
  const { status } = await client.get(podDisruptionBudgets, inDefault('budget'))
  expect(status).toMatchObject({ disruptionsAllowed: 0, disruptedPods: { a: expect.any(String) } })
  await expect(evict('b')).rejects.toMatchObject({
    code: 429,
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    status: {
      details: { causes: [{ message: 'The disruption budget budget needs 1 healthy pods and has 2 currently' }] },
    },
  })
  expect((await client.get(pods, inDefault('b'))).metadata.deletionTimestamp).toBeUndefined()
})

const TOO_MANY = "Cannot evict pod as it would violate the pod's disruption budget."

test('an eviction that is only tried asks the budget, and takes nothing from it', async () => {
  const { client, evict } = await withBudget(1)
  const budget = () => client.get(podDisruptionBudgets, inDefault('budget'))
  const { status } = await budget()
  await evict('a', { dryRun: ['All'] })
  await evict('a', undefined, { dryRun: true })
  const refused =
    'DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"'
  await expect(evict('a', { dryRun: ['Some'] })).rejects.toMatchObject({ message: refused })
  expect((await budget()).status).toEqual(status)
  expect((await client.get(pods, inDefault('a'))).metadata.deletionTimestamp).toBeUndefined()
  await evict('a')
  await expect(evict('b', { dryRun: ['All'] })).rejects.toMatchObject({ code: 429, message: TOO_MANY })
})

test('the eviction that uses a budget up says so in its condition', async () => {
  const { client, evict } = await withBudget(1)
  await evict('a')
  const { status } = await client.get(podDisruptionBudgets, inDefault('budget'))
  const condition = { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', observedGeneration: 1 }
  expect(status?.conditions).toMatchObject([condition])
})

test('a pod with two budgets is not evicted, nor one that is another than was meant', async () => {
  const { client, evict } = await withBudget(1)
  const { metadata } = await client.get(pods, inDefault('a'))
  const preconditions = { uid: 'other' }
  await expect(evict('a', { preconditions })).rejects.toMatchObject({
    code: 409,
    message: expect.stringContaining('the UID in the precondition (other) does not match the UID in record'),
  })
  expect((await client.get(pods, inDefault('a'))).metadata.resourceVersion).toBe(metadata.resourceVersion)
  const spec = { minAvailable: 0, selector: { matchLabels: { app: 'web' } } }
  const second = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: inDefault('second'), spec }
  await client.create(podDisruptionBudgets, second as PodDisruptionBudget)
  await expect(evict('b')).rejects.toMatchObject({
    code: 500,
    message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
  })
})

test('a review asks about somebody else', async () => {
  const client = await start()
  const spec = { user: 'bob', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } }
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', metadata: {}, spec }
  expect((await client.create(subjectAccessReviews, review as never)).status).toEqual({ allowed: true })
})

test('a scale is read, written and applied in place of its object', async () => {
  const client = await start()
  const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } }
  const spec = { replicas: 1, selector: { matchLabels: { app: 'x' } }, template }
  const created = await client.create(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: inDefault('d'),
    spec,
  } as never)
  const apply = (replicas: number, force = false) => {
    const patch = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd' }, spec: { replicas } }
    const options = { subresource: 'scale', fieldManager: 'scaler', force }
    return client.patch(deployments, keyOf(created), { type: 'apply', patch }, options)
  }
  await expect(apply(3)).rejects.toMatchObject({ code: 409 })
  expect(await apply(3, true)).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } })
  const { metadata } = await client.get(deployments, keyOf(created))
  expect(metadata.managedFields?.find(({ manager }) => manager === 'scaler')).toMatchObject({
    operation: 'Apply',
    subresource: 'scale',
    fieldsV1: { 'f:spec': { 'f:replicas': {} } },
  })
})

test('logs come from the node that runs the pod', async () => {
  const asked: unknown[] = []
  const refused = async () => {
    throw new Error('not asked for')
  }
  const client = await start({
    exec: refused,
    attach: refused,
    portForward: refused,
    async logs(request) {
      asked.push(request)
      return (async function* () {
        yield new TextEncoder().encode('hello\n')
      })()
    },
  })
  await client.create(pods, pod('p', { nodeName: 'n' }))
  const lines: string[] = []
  for await (const chunk of client.logs(inDefault('p'))) lines.push(Buffer.from(chunk).toString())
  expect(lines).toEqual(['hello\n'])
  expect(asked[0]).toMatchObject({ node: 'n', namespace: 'default', pod: 'p', container: 'main' })
})
