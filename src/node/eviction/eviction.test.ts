import { expect, test } from 'vitest'
import type { Node } from '../../api/generated/core-v1.ts'
import { nodes } from '../../api/generated/resources.ts'
import { isReady, phaseIs, shell, startTestNode } from '../test-node.fixture.ts'
import type { MachineUsage } from '../usage/machine-usage.ts'
import { parseThresholds } from './parse-thresholds.ts'

const GI = 2 ** 30
const PLENTY: MachineUsage = {
  cpuMs: 0,
  memoryBytes: GI,
  memoryAvailableBytes: 4 * GI,
  diskBytes: 100 * GI,
  diskUsedBytes: 10 * GI,
  diskAvailableBytes: 90 * GI,
  inodes: 1_000_000,
  inodesFree: 900_000,
}

const uses = (memory: string) => ({ annotations: { 'simulated.shoal.dev/memory-use': memory } })
const asks = (memory: string) => ({ resources: { requests: { memory } } })

test('a node that is short of memory says so, evicts the pod that took the most beyond its request, and takes no careless ones', async () => {
  let machine = PLENTY
  await using node = await startTestNode({ runtime: 'simulated', speed: 100, machine: async () => machine })
  await node.run('modest', { containers: [shell('sleep', asks('200Mi'))] }, uses('100Mi'))
  await node.run('greedy', { containers: [shell('sleep', asks('100Mi'))] }, uses('300Mi'))
  await node.untilPod('modest', isReady)
  await node.untilPod('greedy', isReady)
  machine = { ...PLENTY, memoryAvailableBytes: 50 * 2 ** 20 }
  const evicted = await node.untilPod('greedy', phaseIs('Failed'))
  machine = { ...PLENTY, memoryAvailableBytes: 2 * GI }
  const message =
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ' +
    'Container main was using 300Mi, request is 100Mi, has larger consumption of memory. '
  expect(evicted.status).toMatchObject({ reason: 'Evicted', message })
  expect(evicted.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
    status: 'True',
    reason: 'TerminationByKubelet',
    message,
  })
  expect(await node.eventsOf('greedy')).toContain(`Warning Evicted 1 ${message}`)
  const pressed = await node.until(
    nodes,
    { name: 'node1' },
    (seen) =>
      (
        seen as typeof seen & { status?: { conditions?: readonly { type: string; status: string }[] } }
      )?.status?.conditions?.some(({ type, status }) => type === 'MemoryPressure' && status === 'True') === true,
  )
  expect(pressed?.status?.conditions?.find(({ type }) => type === 'MemoryPressure')).toMatchObject({
    reason: 'KubeletHasInsufficientMemory',
    message: 'kubelet has insufficient memory available',
  })
  await node.run('careless', { containers: [shell('sleep')] })
  const refused = await node.untilPod('careless', phaseIs('Failed'))
  expect(refused.status).toMatchObject({
    reason: 'Evicted',
    message: 'Pod was rejected: The node had condition: [MemoryPressure]. ',
  })
  await node.run('careful', { containers: [shell('sleep', asks('10Mi'))] })
  await node.untilPod('careful', isReady)
  expect((await node.untilPod('modest', isReady)).status?.phase).toBe('Running')
})

test('a pod that writes more into a volume than its limit is evicted', async () => {
  await using node = await startTestNode({ runtime: 'process', speed: 20, machine: async () => PLENTY })
  const script = 'trap "exit 0" TERM; head -c 3000000 /dev/zero > /work/much; while :; do sleep 0.05; done'
  const volumes = [{ name: 'work', emptyDir: { sizeLimit: '1Mi' } }]
  await node.run('p', {
    volumes,
    containers: [shell(script, { volumeMounts: [{ name: 'work', mountPath: '/work' }] })],
  })
  const { status } = await node.untilPod('p', phaseIs('Failed'))
  const message = 'Usage of EmptyDir volume "work" exceeds the limit "1Mi". '
  expect(status).toMatchObject({ reason: 'Evicted', message })
})

// Soft thresholds: the pressure is told of at once, pods go after the grace period, and end within the bound for soft evictions.
test('a soft threshold is a pressure at once, and costs a pod only when it has been met for its grace period', async () => {
  let machine = PLENTY
  const texts = { soft: 'memory.available<1Gi', softGracePeriod: 'memory.available=1m', maxPodGraceSeconds: 3 }
  const eviction = parseThresholds(texts)
  await using node = await startTestNode({ runtime: 'simulated', speed: 100, machine: async () => machine, eviction })
  await node.run('greedy', { containers: [shell('sleep', asks('100Mi'))] }, uses('300Mi'))
  await node.untilPod('greedy', isReady)
  machine = { ...PLENTY, memoryAvailableBytes: GI / 2 }
  const startedMs = node.env.clock.monotonicMs()
  const isPressed = ({ status }: Node) =>
    status?.conditions?.some(({ type, status: is }) => type === 'MemoryPressure' && is === 'True') === true
  await node.until(nodes, { name: 'node1' }, (seen) => seen !== undefined && isPressed(seen as Node))
  expect((await node.untilPod('greedy', isReady)).status?.phase).toBe('Running')
  const { status } = await node.untilPod('greedy', phaseIs('Failed'))
  expect(node.env.clock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(60_000)
  const low = 'The node was low on resource: memory. Threshold quantity: 1Gi, available: 512Mi. '
  expect(status).toMatchObject({ reason: 'Evicted', message: expect.stringContaining(low) })
  expect(await node.eventsOf('node1')).toContainEqual(expect.stringContaining('Attempting to reclaim memory'))
})
