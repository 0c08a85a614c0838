import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import { isReady, shell, startTestNode } from './test-node.fixture.ts'
import type { TestNode } from './test-node.fixture.ts'

const KEY = { namespace: 'default', name: 'p' }
const CAPACITY = { cpuMillis: 1000, memoryBytes: 2 ** 30, diskBytes: 2 ** 30, pods: 10 }

const asks = (cpu: string, more: object = {}) => ({ resources: { requests: { cpu }, limits: { cpu } }, ...more })

function resize(node: TestNode, resources: object): Promise<Pod> {
  const patch = { spec: { containers: [{ name: 'main', resources }] } }
  return node.client.patch(pods, KEY, { type: 'strategic', patch }, { subresource: 'resize' })
}

const main = (pod: Pod) => pod.status?.containerStatuses?.[0]
const condition = (pod: Pod, name: string) => pod.status?.conditions?.find(({ type }) => type === name)
const limitIs = (cpu: string) => (pod: Pod) => main(pod)?.resources?.limits?.['cpu'] === cpu

test('a running container is given other limits in place: its cgroup has them, and its status says so', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const ask = (memory: string) => ({ requests: { cpu: '100m' }, limits: { cpu: '200m', memory } })
  const loops = shell('trap "exit 0" TERM; while true; do sleep 0.05; done', { resources: ask('64Mi') })
  await node.run('p', { containers: [loops] })
  const before = await node.untilPod('p', isReady)
  await resize(node, { ...ask('128Mi'), limits: { cpu: '300m', memory: '128Mi' } })
  const after = await node.untilPod('p', limitIs('300m'))
  expect(main(after)).toMatchObject({ containerID: main(before)?.containerID, restartCount: 0 })
  expect(main(after)?.resources?.limits).toEqual({ cpu: '300m', memory: '128Mi' })
  const settled = await node.untilPod('p', (pod) => condition(pod, 'PodResizeInProgress') === undefined)
  expect(condition(settled, 'PodResizePending')).toBeUndefined()
  // A process of the container allocates more than it was let before, and less than it may now.
  const { sandboxes } = await node.runtime.list()
  const { containers } = await node.runtime.list()
  expect(sandboxes).toHaveLength(1)
  const program = 'const held = Buffer.alloc(80 * 2 ** 20, 1); process.exit(held.length > 0 ? 7 : 8)'
  const session = await node.runtime.exec(containers[0]?.id ?? '', {
    command: ['node', '-e', program],
    stdin: false,
    tty: false,
  })
  expect(await session.exitCode).toBe(7)
})

test('what the node has no room for waits as deferred until others leave, what it will never have is infeasible', async () => {
  await using node = await startTestNode({ runtime: 'simulated', speed: 50, capacity: CAPACITY })
  await node.run('other', { containers: [shell('sleep', asks('500m'))] })
  await node.run('p', { containers: [shell('sleep', asks('300m'))] })
  await node.untilPod('p', isReady)
  await resize(node, asks('2').resources)
  const never = await node.untilPod('p', (pod) => condition(pod, 'PodResizePending') !== undefined)
  expect(condition(never, 'PodResizePending')).toMatchObject({
    status: 'True',
    reason: 'Infeasible',
    message: "Node didn't have enough capacity: cpu, requested: 2000, capacity: 1000",
  })
  expect(main(never)?.resources?.limits).toEqual({ cpu: '300m' })
  await resize(node, asks('700m').resources)
  const later = await node.untilPod('p', (pod) => condition(pod, 'PodResizePending')?.reason === 'Deferred')
  expect(main(later)?.allocatedResources).toEqual({ cpu: '300m' })
  await node.client.delete(pods, { namespace: 'default', name: 'other' }, { gracePeriodSeconds: 0 })
  const done = await node.untilPod(
    'p',
    (pod) => limitIs('700m')(pod) && condition(pod, 'PodResizePending') === undefined,
  )
  expect(main(done)?.allocatedResources).toEqual({ cpu: '700m' })
})

test('a container whose policy wants a restart for a resource is restarted with the new one', async () => {
  await using node = await startTestNode({ runtime: 'simulated', speed: 50, capacity: CAPACITY })
  const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }]
  await node.run('p', { containers: [shell('sleep', asks('300m', { resizePolicy }))] })
  await node.untilPod('p', isReady)
  await resize(node, asks('400m').resources)
  const again = await node.untilPod('p', (pod) => limitIs('400m')(pod) && (main(pod)?.restartCount ?? 0) > 0)
  expect(again.status?.phase).toBe('Running')
  expect(await node.eventsOf('p')).toContain('Normal Killing 1 Container main resize requires restart')
})

test('a resize changes nothing but resources, and never the class of the pod', async () => {
  await using node = await startTestNode({ runtime: 'simulated', capacity: CAPACITY })
  await node.run('p', { containers: [shell('sleep', asks('300m'))] })
  const patch = { spec: { containers: [{ name: 'main', image: 'other', ...asks('400m') }] } }
  const seen = await node.client.patch(pods, KEY, { type: 'strategic', patch }, { subresource: 'resize' })
  expect(seen.spec?.containers[0]).toMatchObject({ image: shell('').image, resources: asks('400m').resources })
  const best = {
    spec: { containers: [{ name: 'main', resources: { limits: { memory: '1Mi' }, requests: { memory: '1Mi' } } }] },
  }
  await expect(
    node.client.patch(pods, KEY, { type: 'strategic', patch: best }, { subresource: 'resize' }),
  ).rejects.toThrow('Pod QOS Class may not change as a result of resizing')
})
