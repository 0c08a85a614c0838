import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { ContainerStatus, Pod } from '../api/generated/core-v1.ts'
import { nodes, pods } from '../api/generated/resources.ts'
import { isReady, phaseIs, shell, startTestNode } from './test-node.fixture.ts'
import type { TestNode } from './test-node.fixture.ts'

const KEY = { namespace: 'default', name: 'p' }
/** Says that it runs, and again when it is asked to end. */
const POLITE = 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.01; done'
const STUBBORN = 'trap "" TERM; echo up; while :; do sleep 0.01; done'

/** The last status that was reported before the object went. */
async function lastWords(node: TestNode, act: () => Promise<unknown>): Promise<ContainerStatus | undefined> {
  let last: Pod | undefined
  const gone = node.until(pods, KEY, (pod) => {
    last = pod ?? last
    return pod === undefined
  })
  await act()
  await gone
  return last?.status?.containerStatuses?.[0]
}

/** Once it has said so, a container's traps are set. */
async function whenUp(node: TestNode): Promise<void> {
  await node.untilPod('p', isReady)
  const signal = new AbortController()
  const uid = (await node.client.get(pods, KEY)).metadata.uid ?? ''
  const lines = await node.agent.logs({ ...KEY, uid }, 'main', { follow: true, signal: signal.signal })
  for await (const bytes of lines) if (Buffer.from(bytes).includes('up')) break
  signal.abort()
}

/** As with the kubelet, which admits beside the pods that have an object: the scheduler counts no others. */
test('a pod whose object is gone takes no room, though its program has not ended yet', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const machine = await node.client.get(nodes, { name: 'node1' })
  const resources = { requests: { memory: machine.status?.allocatable?.['memory'] ?? '' } }
  await node.run('first', { containers: [shell(STUBBORN, { resources })] })
  await node.untilPod('first', isReady)
  await node.client.delete(pods, { namespace: 'default', name: 'first' }, { gracePeriodSeconds: 0 })
  await node.run('second', { containers: [shell(POLITE, { resources })] })
  const { status } = await node.untilPod('second', ({ status: now }) => now?.phase !== 'Pending')
  expect(status?.phase).toBe('Running')
})

test('a deleted pod is sent SIGTERM, reports its end and goes when it has ended', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  await node.run('p', { containers: [shell(POLITE)] })
  await whenUp(node)
  const last = await lastWords(node, () => node.client.delete(pods, KEY))
  expect(last?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' })
  expect(await node.eventsOf('p')).toContain('Normal Killing 1 Stopping container main')
  expect(await readdir(path.join(node.directory, 'pods'))).toEqual([])
  expect((await node.runtime.list()).sandboxes).toEqual([])
})

test('a container that ignores SIGTERM is killed when its grace is over', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  await node.run('p', { terminationGracePeriodSeconds: 1, containers: [shell(STUBBORN)] })
  await whenUp(node)
  const last = await lastWords(node, () => node.client.delete(pods, KEY))
  expect(last?.state?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' })
})

test('a shorter grace overtakes a longer one that runs already', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  await node.run('p', { terminationGracePeriodSeconds: 600, containers: [shell(STUBBORN)] })
  await whenUp(node)
  const last = await lastWords(node, async () => {
    await node.client.delete(pods, KEY)
    await node.client.delete(pods, KEY, { gracePeriodSeconds: 1 })
  })
  expect(last?.state?.terminated?.exitCode).toBe(137)
})

test('a pod deleted by force is gone from the API at once, and from the node a second later', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const { metadata } = await node.run('p', { containers: [shell(STUBBORN)] })
  await whenUp(node)
  const ended = Promise.withResolvers<void>()
  node.runtime.onChange(({ podUid, state }) => {
    if (podUid === metadata.uid && state.phase === 'exited') ended.resolve()
  })
  await node.client.delete(pods, KEY, { gracePeriodSeconds: 0 })
  await expect(node.client.get(pods, KEY)).rejects.toMatchObject({ reason: 'NotFound' })
  await ended.promise
})

test('a pod deleted while it starts leaves nothing', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  await node.run('p', { terminationGracePeriodSeconds: 1, containers: [shell(POLITE), shell(POLITE, { name: 'two' })] })
  await node.client.delete(pods, KEY)
  await node.untilGone('p')
  const { containers, sandboxes } = await node.runtime.list()
  expect({ containers, sandboxes }).toEqual({ containers: [], sandboxes: [] })
})

test('closing the agent ends what it started and removes its files; the objects stay', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const pod = await node.run('p', { terminationGracePeriodSeconds: 600, containers: [shell(STUBBORN)] })
  await whenUp(node)
  await node.client.delete(pods, KEY)
  await node.agent.close()
  expect((await node.runtime.list()).containers).toEqual([])
  expect(existsSync(path.join(node.directory, 'pods', pod.metadata.uid ?? ''))).toBe(false)
  expect((await node.client.get(pods, KEY)).metadata.deletionTimestamp).toBeDefined()
})

test('another life of the agent registers its node again, restarts what may be and fails what may not', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  await node.run('p', { containers: [shell(POLITE)] })
  await node.run('once', { restartPolicy: 'Never', containers: [shell(POLITE)] })
  await node.untilPod('p', isReady)
  await node.untilPod('once', isReady)
  await node.agent.close()
  await node.restartAgent()
  const again = await node.untilPod(
    'p',
    (pod) => isReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1,
  )
  expect(again.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
  })
  // Its network is another one, with an address of its own.
  expect(again.status?.podIPs).toEqual([{ ip: again.status?.podIP }])
  await node.untilPod('once', phaseIs('Failed'))
  const { status } = await node.client.get(nodes, { name: 'node1' })
  expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True')
})

test('the network of a pod that has ended is given back until the engine has taken it', async () => {
  await using node = await startTestNode({ runtime: 'process', speed: 20 })
  const { runtime } = node
  const { stopSandbox } = runtime
  const taken = Promise.withResolvers<void>()
  let tries = 0
  Object.assign(runtime, {
    async stopSandbox(id: string) {
      if (tries++ === 0) throw new Error('the engine is away')
      await stopSandbox(id)
      taken.resolve()
    },
  })
  await node.run('p', { containers: [shell('true')], restartPolicy: 'Never' })
  await node.untilPod('p', phaseIs('Succeeded'))
  await taken.promise
  expect((await runtime.list()).sandboxes.map(({ ready }) => ready)).toEqual([false])
})
