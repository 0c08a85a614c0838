import { expect, test } from 'vitest'
import { namespaces, pods, roleBindings } from '../api/generated/resources.ts'
import { createHttpClient } from '../client/http.ts'
import { parseKubeconfig } from '../client/kubeconfig.ts'
import { createCluster } from './cluster.ts'

async function open(kubeconfig: string) {
  const { endpoint, namespace } = await parseKubeconfig(kubeconfig)
  const client = createHttpClient(endpoint)
  return { client, namespace, [Symbol.dispose]: () => client.close() }
}

test('kubeconfig() lets the administrator in, and serves the API for that', async () => {
  await using cluster = await createCluster({ apiOnly: true })
  using admin = await open(await cluster.kubeconfig())
  const { items } = await admin.client.list(namespaces)
  expect(items.map(({ metadata }) => metadata.name)).toContain('kube-system')
  expect((await cluster.listen()).server).toBe((await parseKubeconfig(await cluster.kubeconfig())).endpoint.server)
})

test("kubeconfig() of a user gives the rights that RBAC gives to the user's name and groups", async () => {
  await using cluster = await createCluster({ apiOnly: true })
  using ann = await open(await cluster.kubeconfig({ user: 'ann', groups: ['readers'], namespace: 'default' }))
  expect(ann.namespace).toBe('default')
  await expect(ann.client.list(pods, { namespace: 'default' })).rejects.toMatchObject({
    status: { reason: 'Forbidden', message: expect.stringContaining('User "ann" cannot list resource "pods"') },
  })
  await cluster.client.create(roleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'readers', namespace: 'default' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'readers' }],
  })
  expect((await ann.client.list(pods, { namespace: 'default' })).items).toEqual([])
})
