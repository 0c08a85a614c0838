import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { ClusterRole, ClusterRoleBinding } from '../../api/generated/rbac-v1.ts'
import { clusterRoleBindings, clusterRoles } from '../../api/generated/resources.ts'
import { openConnection } from '../../client/http/connection.ts'
import type { Endpoint } from '../../client/http/connection.ts'
import { dialWebSocket } from '../../client/streams/web-socket.ts'
import { createAuthority } from '../../identity/authority.ts'
import { openChannelSocket } from '../../streams/websocket/channel-socket.ts'
import { isReady, shell, startTestNode } from '../test-node.fixture.ts'
import type { TestNode } from '../test-node.fixture.ts'
import { createNodeAccess } from './access.ts'
import { createNodeHandler } from './node-handler.ts'
import { listenNode } from './node-server.ts'

/** The node's server, with the clients that an authority of its own makes. */
async function serve(node: TestNode) {
  const authority = createAuthority(node.env, 'clients')
  const access = createNodeAccess(node.env.clock, node.nodeClient, 'node1')
  const handle = createNodeHandler({ env: node.env, agent: () => node.agent, access })
  const identity = authority.issueServer('node1', ['127.0.0.1'])
  const at = { host: '127.0.0.1', port: 0, identity, clientAuthority: authority.certificate }
  const server = await listenNode(handle, at)
  const endpointOf = (user?: string, groups: readonly string[] = []): Endpoint => {
    const pair = user === undefined ? undefined : authority.issueClient(user, groups)
    return {
      server: `https://127.0.0.1:${server.port}`,
      certificateAuthority: authority.certificate,
      ...(pair !== undefined && { clientCertificate: pair.certificate, clientKey: pair.key }),
    }
  }
  return { server, endpointOf, admin: endpointOf('admin', ['system:masters']) }
}

async function get(endpoint: Endpoint, path: string): Promise<{ readonly code: number; readonly body: string }> {
  const connection = openConnection(endpoint, 'test')
  const response = await connection.send({ method: 'GET', path })
  const body = await text(response)
  connection.close()
  return { code: response.statusCode ?? 0, body }
}

const TALKS = shell('echo up; trap "exit 0" TERM; while true; do sleep 0.05; done')

test('a node tells nobody anything but who the API server lets, each part by a right of its own', async () => {
  await using node = await startTestNode()
  const { server, endpointOf, admin } = await serve(node)
  await using _closing = server
  expect(await get(endpointOf(), '/pods')).toEqual({ code: 401, body: 'Unauthorized' })
  const rules = [{ apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] }]
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'scrapes' } }
  await node.client.create(clusterRoles, { ...rbac, kind: 'ClusterRole', rules } as ClusterRole)
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'scrapes' }
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'prometheus' }]
  const binding = { ...rbac, kind: 'ClusterRoleBinding', roleRef, subjects } as ClusterRoleBinding
  await node.client.create(clusterRoleBindings, binding)
  const prometheus = endpointOf('prometheus')
  expect((await get(prometheus, '/metrics/resource')).code).toBe(200)
  expect((await get(prometheus, '/metrics')).body).toContain('kubelet_node_name{node="node1"} 1')
  expect(await get(prometheus, '/pods')).toEqual({
    code: 403,
    body: 'Forbidden (user=prometheus, verb=get, resource=nodes, subresource(s)=[pods proxy])',
  })
  expect((await get(admin, '/nowhere')).code).toBe(404)
})

test('a node serves pods, logs, statistics and metrics in the forms of the kubelet', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const { server, admin } = await serve(node)
  await using _closing = server
  await node.run('p', { containers: [TALKS] })
  await node.untilPod('p', isReady)
  const { items } = JSON.parse((await get(admin, '/pods')).body) as { items: { status: { phase: string } }[] }
  expect(items.map(({ status }) => status.phase)).toEqual(['Running'])
  expect(await get(admin, '/containerLogs/default/p/main?follow=true&limitBytes=3')).toEqual({
    code: 200,
    body: 'up\n',
  })
  expect((await get(admin, '/containerLogs/default/p/other')).body).toBe('container "other" not found in pod "p"\n')
  expect((await get(admin, '/containerLogs/default/p/main?previous=true')).code).toBe(400)
  const stats = JSON.parse((await get(admin, '/stats/summary')).body) as {
    readonly node: { readonly memory: { readonly workingSetBytes: number } }
    readonly pods: readonly {
      readonly containers: readonly { readonly cpu: { readonly usageCoreNanoSeconds: number } }[]
    }[]
  }
  expect(stats.node.memory.workingSetBytes).toBeGreaterThan(0)
  expect(stats.pods[0]?.containers[0]?.cpu.usageCoreNanoSeconds).toBeGreaterThan(0)
  const { body } = await get(admin, '/metrics/cadvisor')
  expect(body).toMatch(/^container_memory_working_set_bytes\{container="main",.*pod="p"\} [1-9]\d* \d+$/m)
})

test('a command in a container over a WebSocket has its output and its exit code', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const { server, admin } = await serve(node)
  await using _closing = server
  await node.run('p', { containers: [TALKS] })
  await node.untilPod('p', isReady)
  const path = `/exec/default/p/main?command=sh&command=-c&command=${encodeURIComponent('echo said; exit 4')}&output=1&error=1`
  const { socket, protocol } = await dialWebSocket(admin, { path, protocols: ['v5.channel.k8s.io'] })
  const channels = openChannelSocket(socket, protocol, 'client')
  const [said, outcome] = [text(channels.readable(1)), text(channels.readable(3))]
  socket.resume()
  expect(await said).toBe('said\n')
  expect(JSON.parse(await outcome)).toMatchObject({
    reason: 'NonZeroExitCode',
    details: { causes: [{ message: '4' }] },
  })
})
