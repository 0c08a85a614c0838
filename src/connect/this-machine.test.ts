import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodes } from '../api/generated/resources.ts'
import { createCluster } from '../cluster/cluster.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { systemEnvironment } from '../env/system.ts'
import { isThisMachine } from './this-machine.ts'

const env = systemEnvironment()
const server = 'https://127.0.0.1:6443'
const onWaiting = () => {}
let cluster: Cluster

beforeEach(async () => void (cluster = await createCluster({ apiOnly: true })))
afterEach(() => cluster.close())

async function addNode(name: string, containerRuntimeVersion: string): Promise<void> {
  const { client } = cluster
  await client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name } })
  const patch = { status: { nodeInfo: { containerRuntimeVersion } } }
  await client.patch(nodes, { name }, { type: 'merge', patch }, { subresource: 'status' })
}

/** The cluster's client, and when it was asked for the first time. */
function askedClient() {
  const asked = Promise.withResolvers<void>()
  const list: Cluster['client']['list'] = async (...args) => {
    const found = await cluster.client.list(...args)
    asked.resolve()
    return found
  }
  return { client: { list }, asked: asked.promise }
}

test.each([
  ['process://24.1.0', true],
  ['containerd://2.1.0', false],
])('a cluster that is asked before its nodes are there is known by the first of them: %s', async (runtime, isHere) => {
  const { client, asked } = askedClient()
  const known = isThisMachine({ env, client, server, onWaiting })
  await asked
  await addNode('first', runtime)
  expect(await known).toBe(isHere)
})

test('a cluster with one node on a container engine is not this machine, nor one at another address', async () => {
  await addNode('first', 'process://24.1.0')
  await addNode('second', 'containerd://2.1.0')
  const { client } = cluster
  expect(await isThisMachine({ env, client, server, onWaiting })).toBe(false)
  expect(await isThisMachine({ env, client, server: 'https://10.0.0.1:6443', onWaiting })).toBe(false)
})
