import { expect, test } from 'vitest'
import type { Node } from '../api/generated/core-v1.ts'
import { leases, nodes } from '../api/generated/resources.ts'
import { isReady, NODE_IMAGE, phaseIs, shell, startTestNode } from './test-node.fixture.ts'
import type { TestNode } from './test-node.fixture.ts'

test.each(['process', 'simulated'] as const)('%s runtime: a pod that prints and ends succeeds', async (runtime) => {
  await using node = await startTestNode({ runtime })
  const annotations = { 'simulated.shoal.dev/run-for': '10ms' }
  await node.run('p', { restartPolicy: 'Never', containers: [shell('echo hello')] }, { annotations })
  const pod = await node.untilPod('p', phaseIs('Succeeded'))
  expect(pod.status?.containerStatuses?.[0]?.state?.terminated?.reason).toBe('Completed')
  expect(await node.log('p')).toBe(runtime === 'process' ? 'hello\n' : 'simulated: sh -c echo hello\n')
})

test('an image that processes cannot be is refused, naming the runtime to ask for', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  await node.run('p', { containers: [{ name: 'main', image: 'nginx:1' }] })
  const waits = await node.untilPod(
    'p',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ErrImagePull',
  )
  expect(waits.status?.containerStatuses?.[0]?.state?.waiting?.message).toContain('--runtime docker')
})

/** Starts a server that answers with its pod's name on port 8080. */
async function serve(node: TestNode, name: string): Promise<string> {
  const env = [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }]
  const program =
    'require("http").createServer((q, r) => r.end(process.env.POD)).listen(8080, () => console.log("listens"))'
  await node.run(name, { containers: [{ name: 'main', image: NODE_IMAGE, command: ['node', '-e', program], env }] })
  const { metadata, status } = await node.untilPod(name, isReady)
  const key = { namespace: 'default', name, uid: metadata.uid ?? '' }
  const over = new AbortController()
  for await (const bytes of await node.agent.logs(key, 'main', { follow: true, signal: over.signal })) {
    if (Buffer.from(bytes).includes('listens')) break
  }
  over.abort()
  return `http://${status?.podIP}:8080/`
}

test('two pods of one node listen on port 8080, each at an address of its own', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const urls = [await serve(node, 'a'), await serve(node, 'b')]
  const answers = await Promise.all(urls.map(async (url) => await (await fetch(url)).text()))
  expect(answers).toEqual(['a', 'b'])
})

test('a node registers as a kubelet does: capacity, addresses, conditions, labels and a lease that it renews', async () => {
  await using node = await startTestNode({ runtime: 'simulated', speed: 100 })
  const { metadata, status } = await node.client.get(nodes, { name: 'node1' })
  expect(metadata.labels).toMatchObject({
    'kubernetes.io/hostname': 'node1',
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
  })
  expect(status).toMatchObject({
    capacity: { cpu: '32', memory: '256Gi', pods: '110' },
    addresses: [
      { type: 'InternalIP', address: '127.0.0.1' },
      { type: 'Hostname', address: 'node1' },
    ],
  })
  expect(status?.conditions?.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`)).toEqual([
    'MemoryPressure False KubeletHasSufficientMemory',
    'DiskPressure False KubeletHasNoDiskPressure',
    'PIDPressure False KubeletHasSufficientPID',
    'Ready True KubeletReady',
  ])
  const key = { namespace: 'kube-node-lease', name: 'node1' }
  const first = await node.until(leases, key, (lease) => lease !== undefined)
  expect(first?.spec).toMatchObject({ holderIdentity: 'node1', leaseDurationSeconds: 40 })
  await node.until(leases, key, (lease) => lease?.spec?.renewTime !== first?.spec?.renewTime)
})

test('a node that was deleted, or given up for dead, says with its next heartbeat that it lives', async () => {
  await using node = await startTestNode({ runtime: 'simulated', speed: 100 })
  const key = { name: 'node1' }
  await node.client.delete(nodes, key)
  await node.until(nodes, key, (object) => object !== undefined)
  const conditions = [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }]
  await node.client.patch(
    nodes,
    key,
    { type: 'strategic', patch: { status: { conditions } } },
    { subresource: 'status' },
  )
  await node.until(
    nodes,
    key,
    (object) => object?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true,
  )
})

/** The kubelet's rule: who advertises a resource writes the capacity, and the node says what of it is allocatable. */
test('resources that somebody advertises become allocatable with the next heartbeat, and go with it', async () => {
  await using node = await startTestNode({ runtime: 'simulated', speed: 100 })
  const key = { name: 'node1' }
  const advertise = (amount: string | null) => {
    const patch = { status: { capacity: { 'example.com/thing': amount } } }
    return node.client.patch(nodes, key, { type: 'merge', patch }, { subresource: 'status' })
  }
  const allocatable = (object: Node | undefined) => object?.status?.allocatable?.['example.com/thing']
  await node.until(nodes, key, (object) => object?.status?.allocatable?.['cpu'] !== undefined)
  await advertise('4')
  await node.until(nodes, key, (object) => allocatable(object) === '4')
  await advertise(null)
  const after = await node.until(nodes, key, (object) => object !== undefined && allocatable(object) === undefined)
  expect(after?.status?.allocatable).toHaveProperty('cpu')
})

test('a pod is admitted by the labels that its node has when the pod comes, not by those it registered with', async () => {
  await using node = await startTestNode({ runtime: 'simulated' })
  await node.client.patch(
    nodes,
    { name: 'node1' },
    { type: 'merge', patch: { metadata: { labels: { disk: 'fast' } } } },
  )
  await node.run('p', { nodeSelector: { disk: 'fast' }, containers: [shell('sleep 100')] })
  expect((await node.untilPod('p', ({ status }) => status?.phase !== 'Pending')).status?.phase).toBe('Running')
  await node.run('q', { nodeSelector: { disk: 'slow' }, containers: [shell('sleep 100')] })
  const refused = await node.untilPod('q', phaseIs('Failed'))
  expect(refused.status).toMatchObject({
    reason: 'NodeAffinity',
    message: 'Pod was rejected: Predicate NodeAffinity failed',
  })
})
