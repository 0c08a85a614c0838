import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
async function serve(node: TestNode, logDirectory?: string) {
  const authority = createAuthority(node.env, 'clients')
  const access = createNodeAccess(node.env.clock, node.nodeClient, 'node1')
  const handle = createNodeHandler({
    env: node.env,
    agent: () => node.agent,
    access,
    ...(logDirectory && { logDirectory }),
  })
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

async function get(
  endpoint: Endpoint,
  path: string,
  method: 'GET' | 'POST' = 'GET',
): Promise<{ readonly code: number; readonly body: string }> {
  const connection = openConnection(endpoint, 'test')
  const response = await connection.send({ method, path })
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

// The kubelet has Go's file server show /var/log; a link there may have been made by a pod that was given the folder.
test('a node shows the logs of its machine, and nothing that a link among them leads to', async () => {
  await using node = await startTestNode()
  const logs = mkdtempSync(join(tmpdir(), 'shoal-logs-'))
  mkdirSync(join(logs, 'pods'))
  writeFileSync(join(logs, 'boot.log'), 'booted\n')
  writeFileSync(join(logs, 'a<b #1'), '')
  symlinkSync('/etc/passwd', join(logs, 'users'))
  const { server, admin } = await serve(node, logs)
  await using _closing = server
  const { code, body } = await get(admin, '/logs/')
  expect({ code, body }).toEqual({
    code: 200,
    body:
      '<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n' +
      '<a href="a%3Cb%20%231">a&lt;b #1</a>\n<a href="boot.log">boot.log</a>\n<a href="pods/">pods/</a>\n' +
      '<a href="users">users</a>\n</pre>\n',
  })
  expect(await get(admin, '/logs/boot.log')).toEqual({ code: 200, body: 'booted\n' })
  expect(await get(admin, '/logs/a%3Cb%20%231')).toEqual({ code: 200, body: '' })
  expect((await get(admin, '/logs/pods')).code).toBe(301)
  for (const path of ['/logs/users', '/logs/../../etc/passwd', '/logs/%2e%2e/%2e%2e/etc/passwd', '/logs/none'])
    expect((await get(admin, path)).code, path).toBe(404)
  rmSync(logs, { recursive: true })
})

// The kubelet's answers where the engine has no CheckpointContainer.
test('a node that is asked for a checkpoint says what is wrong with the request, or that its engine has none', async () => {
  await using node = await startTestNode({ runtime: 'simulated' })
  const { server, admin } = await serve(node)
  await using _closing = server
  await node.run('p', { containers: [TALKS] })
  await node.untilPod('p', isReady)
  const ask = (path: string) => get(admin, `/checkpoint/default/${path}`, 'POST')
  expect(await ask('q/main')).toEqual({ code: 404, body: 'pod does not exist' })
  expect(await ask('p/other')).toEqual({ code: 404, body: 'container other does not exist' })
  expect((await ask('p/main?timeout=soon')).body).toBe('cannot parse value of timeout parameter')
  expect(await ask('p/main')).toMatchObject({
    code: 500,
    body: expect.stringContaining('checkpointing of default/p/main failed (rpc error: code = Unimplemented'),
  })
})
