import { expect, test } from 'vitest'
import type { Node, Pod } from '../../../api/generated/core-v1.ts'
import { csiNodes, leases, nodes, pods, serviceAccounts } from '../../../api/generated/resources.ts'
import type { KubeObject } from '../../../api/object.ts'
import { systemEnvironment } from '../../../env/system.ts'
import { createMemoryStore } from '../../../store/memory-store.ts'
import { createApiServer } from '../../api-server.ts'
import { createServiceAccountTokens } from '../../authn/service-account-tokens.ts'
import { admissionPlugins } from '../plugins.ts'
import { createDirectClient } from '../../direct-client.ts'
import type { Authorizer } from '../../verbs/authorizer.ts'
import { allowAll } from '../../verbs/authorizer.ts'
import { openClusterIdentity } from '../../../identity/key-files.ts'

/** Everybody may do everything, but nodes have no say in audiences: what is refused is refused by the plugin. */
const authorizer: Authorizer = {
  ...allowAll,
  authorize: (asked) => ({ allowed: asked.verb !== 'request-serviceaccounts-token-audience' }),
}

async function start() {
  const environment = systemEnvironment('error')
  const identity = openClusterIdentity(environment)
  const tokens = createServiceAccountTokens(environment, () => identity.serviceAccountKey)
  const store = createMemoryStore(environment)
  const plugins = admissionPlugins(authorizer, ['NodeRestriction'])
  const server = await createApiServer({ environment, store, authorizer, tokens, plugins })
  const admin = createDirectClient(server, { user: { name: 'ann', groups: [] } })
  const node = createDirectClient(server, { user: { name: 'system:node:one', groups: ['system:nodes'] } })
  await admin.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: at('default') })
  for (const name of ['one', 'two']) await admin.create(nodes, nodeObject(name))
  const mine = await admin.create(pods, pod('mine', 'one'))
  const other = await admin.create(pods, pod('other', 'two'))
  return { admin, node, mine, other }
}

const at = (name: string) => ({ name, namespace: 'default' })
const nodeObject = (name: string, labels: Record<string, string> = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
})
const pod = (name: string, nodeName: string, metadata: object = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...at(name), ...metadata },
  spec: { nodeName, containers: [{ name: 'main', image: 'app' }] },
})
const running = (metadata: object = {}) => ({
  type: 'merge' as const,
  patch: { metadata, status: { phase: 'Running' } },
})
const STATUS = { subresource: 'status' }

test('a node writes the status of its own pods alone, and nothing else of them', async () => {
  const { node } = await start()
  expect((await node.patch(pods, at('mine'), running(), STATUS)).status?.phase).toBe('Running')
  await expect(node.patch(pods, at('other'), running(), STATUS)).rejects.toThrow(
    'pods "other" is forbidden: node "one" can only update pod status for pods with spec.nodeName set to itself',
  )
  await expect(node.patch(pods, at('mine'), running({ labels: { app: 'web' } }), STATUS)).rejects.toThrow(
    'pods "mine" is forbidden: node "one" cannot update labels through pod status',
  )
  await expect(node.patch(pods, at('mine'), running({ labels: { app: 'web' } }))).rejects.toThrow(
    'pods "mine" is forbidden: unexpected operation "UPDATE", node "one" can only create and delete mirror pods',
  )
})

test('a node evicts and deletes its own pods alone', async () => {
  const { node, admin } = await start()
  const eviction = (name: string) => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: at(name) }) as KubeObject
  await expect(node.createSubresource(pods, at('other'), 'eviction', eviction('other'))).rejects.toThrow(
    'pods "other" is forbidden: node one can only evict pods with spec.nodeName set to itself',
  )
  await expect(node.delete(pods, at('other'))).rejects.toThrow(
    'pods "other" is forbidden: node "one" can only delete pods with spec.nodeName set to itself',
  )
  await node.delete(pods, at('mine'), { gracePeriodSeconds: 0 })
  expect((await admin.list(pods)).items.map(({ metadata }) => metadata.name)).toEqual(['other'])
})

test('a node makes mirrors of static pods, which belong to it and need nothing of the API', async () => {
  const { node, admin } = await start()
  const { metadata } = await admin.get(nodes, { name: 'one' })
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'one', uid: metadata.uid!, controller: true }
  const annotations = { 'kubernetes.io/config.mirror': 'a' }
  const made = (more: object, nodeName = 'one') => node.create(pods, pod('static', nodeName, more))
  await expect(made({})).rejects.toThrow('pod does not have "kubernetes.io/config.mirror" annotation')
  await expect(made({ annotations }, 'two')).rejects.toThrow('can only create pods with spec.nodeName set to itself')
  await expect(made({ annotations })).rejects.toThrow('can only create pods with an owner reference set to itself')
  await expect(made({ annotations, ownerReferences: [{ ...owner, uid: 'u' }] })).rejects.toThrow(
    `pods "static" is forbidden: node one UID mismatch: expected u got ${metadata.uid}`,
  )
  const withSecret = pod('static', 'one', { annotations, ownerReferences: [owner] })
  const volumes = [{ name: 'v', projected: { sources: [{ secret: { name: 's' } }] } }]
  await expect(node.create(pods, { ...withSecret, spec: { ...withSecret.spec!, volumes } })).rejects.toThrow(
    'pods "static" is forbidden: node "one" can not create pods that reference secrets',
  )
  expect((await made({ annotations, ownerReferences: [owner] })).metadata.name).toBe('static')
})

test('a node changes its own object, but neither its taints nor labels by which it would draw pods to itself', async () => {
  const { node } = await start()
  const labelled = (labels: object) =>
    node.patch(nodes, { name: 'one' }, { type: 'merge', patch: { metadata: { labels } } })
  await labelled({ 'kubernetes.io/os': 'linux', 'custom.example.com/disk': 'fast', 'kubelet.kubernetes.io/x': 'y' })
  await expect(
    labelled({ 'node-restriction.kubernetes.io/pci': 'yes', 'node-role.kubernetes.io/control-plane': '' }),
  ).rejects.toThrow(
    'nodes "one" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/pci, node-role.kubernetes.io/control-plane',
  )
  const taints = { type: 'merge' as const, patch: { spec: { taints: [] } } }
  await expect(node.patch(nodes, { name: 'one' }, taints)).rejects.toThrow('node "one" is not allowed to modify taints')
  await expect(node.delete(nodes, { name: 'two' })).rejects.toThrow(
    'nodes "two" is forbidden: node "one" is not allowed to modify node "two"',
  )
  await expect(node.create(nodes, nodeObject('three'))).rejects.toThrow('not allowed to modify node "three"')
})

test("a node's leases and CSI nodes are those of its name", async () => {
  const { node } = await start()
  const lease = (name: string, namespace: string) =>
    node.create(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace } })
  await lease('one', 'kube-node-lease')
  await expect(lease('two', 'kube-node-lease')).rejects.toThrow(
    'leases.coordination.k8s.io "two" is forbidden: can only access node lease with the same name as the requesting node',
  )
  await expect(lease('one', 'default')).rejects.toThrow(
    'can only access leases in the "kube-node-lease" system namespace',
  )
  const metadata = { name: 'two' }
  const other = { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata, spec: { drivers: [] } }
  await expect(node.create(csiNodes, other)).rejects.toThrow('can only access CSINode with the same name')
})

test('a node has tokens for pods of its own, and for audiences that they name', async () => {
  const { node, mine, other } = await start()
  const token = (spec: object) =>
    node.createSubresource(serviceAccounts, at('default'), 'token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: { audiences: [], ...spec },
    } as KubeObject)
  const boundTo = ({ metadata }: Pod, uid = metadata.uid!) => ({
    boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: metadata.name!, uid },
  })
  // The admission of accounts gave the pod a volume with a token for the default audience.
  expect(await token(boundTo(mine))).toHaveProperty('status.token')
  await expect(token({})).rejects.toThrow(
    'serviceaccounts "default" is forbidden: node requested token not bound to a pod',
  )
  await expect(token(boundTo(other))).rejects.toThrow(
    'node requested token bound to a pod scheduled on a different node',
  )
  await expect(token(boundTo(mine, 'u'))).rejects.toThrow('the UID in the bound object reference (u) does not match')
  await expect(token({ ...boundTo(mine), audiences: ['vault'] })).rejects.toThrow(
    'audience "vault" not found in pod spec volume, system:node:one is not authorized to request tokens for this audience',
  )
})
