import { expect, test } from 'vitest'
import type { Container, Pod } from '../api/generated/core-v1.ts'
import { configMaps, pods } from '../api/generated/resources.ts'
import { isReady, phaseIs, shell, startTestNode } from './test-node.fixture.ts'

/** Kubernetes' pauses of 10 s take 100 ms. */
const FAST = { runtime: 'simulated', speed: 100 } as const
const ends = (exitCode: number, runFor = '10ms') => ({
  annotations: { 'simulated.shoal.dev/run-for': runFor, 'simulated.shoal.dev/exit-code': String(exitCode) },
})
const main: Container = { name: 'main', image: 'node:24' }
const mainStatus = (pod: Pod) => pod.status?.containerStatuses?.[0]
const waitsFor = (reason: string) => (pod: Pod) => mainStatus(pod)?.state?.waiting?.reason === reason

test('a pod without probes is ready as soon as its containers run', async () => {
  await using node = await startTestNode(FAST)
  await node.run('p', { containers: [main] })
  const { status } = await node.untilPod('p', isReady)
  expect(status).toMatchObject({ phase: 'Running', hostIP: '127.0.0.1', podIP: expect.stringMatching(/^10\./) })
})

test.each([
  { restartPolicy: 'Never', exitCode: 0, phase: 'Succeeded' },
  { restartPolicy: 'Never', exitCode: 3, phase: 'Failed' },
  { restartPolicy: 'OnFailure', exitCode: 0, phase: 'Succeeded' },
])('restartPolicy $restartPolicy: exit code $exitCode ends the pod as $phase', async (row) => {
  const { restartPolicy, exitCode, phase } = row
  await using node = await startTestNode(FAST)
  await node.run('p', { restartPolicy, containers: [main] }, ends(exitCode))
  const pod = await node.untilPod('p', phaseIs(phase))
  expect(mainStatus(pod)).toMatchObject({ restartCount: 0, state: { terminated: { exitCode } } })
})

test.each([
  { restartPolicy: 'OnFailure', exitCode: 1, reason: 'Error' },
  { restartPolicy: 'Always', exitCode: 0, reason: 'Completed' },
])('restartPolicy $restartPolicy: exit code $exitCode restarts at once, then after 10 s and 20 s', async (row) => {
  const { restartPolicy, exitCode, reason } = row
  await using node = await startTestNode(FAST)
  await node.run('p', { restartPolicy, containers: [main] }, ends(exitCode))
  const isHeld = (restarts: number) => (pod: Pod) =>
    waitsFor('CrashLoopBackOff')(pod) && mainStatus(pod)?.restartCount === restarts
  const first = await node.untilPod('p', isHeld(1))
  const label = `p_default(${first.metadata.uid})`
  expect(first.status?.phase).toBe('Running')
  expect(mainStatus(first)?.state?.waiting?.message).toBe(`back-off 10s restarting failed container=main pod=${label}`)
  expect(mainStatus(first)?.lastState?.terminated).toMatchObject({ exitCode, reason })
  const second = await node.untilPod('p', isHeld(2))
  expect(mainStatus(second)?.state?.waiting?.message).toMatch(/^back-off 20s /)
  expect(await node.eventsOf('p')).toContain(
    `Warning BackOff 2 Back-off restarting failed container main in pod ${label}`,
  )
})

test('init containers run one after the other, and a failing one fails a pod that is never restarted', async () => {
  await using node = await startTestNode(FAST)
  const initContainers = [
    { ...main, name: 'one' },
    { ...main, name: 'two' },
  ]
  await node.run('p', { restartPolicy: 'Never', initContainers, containers: [main] }, ends(1))
  const { status } = await node.untilPod('p', phaseIs('Failed'))
  expect(status?.initContainerStatuses?.map(({ state }) => Object.keys(state ?? {})[0])).toEqual([
    'terminated',
    'waiting',
  ])
  expect(status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('PodInitializing')
  expect(status?.conditions?.find(({ type }) => type === 'Initialized')).toMatchObject({
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: 'containers with incomplete status: [one two]',
  })
})

/** How often a node has tried by now is up to the machine: its clock runs fast. */
const withoutCounts = (told: readonly string[]) => told.map((line) => line.replace(/ \d+ /, ' '))

test('an image that cannot be pulled is ErrImagePull, then ImagePullBackOff with the error, then tried again', async () => {
  await using node = await startTestNode(FAST)
  const image = 'registry.invalid/none:1'
  await node.run('p', { containers: [{ ...main, image }] })
  const error = `Cannot pull "${image}": its registry does not answer or has no such image`
  const failed = await node.untilPod('p', waitsFor('ErrImagePull'))
  expect(mainStatus(failed)?.state?.waiting?.message).toBe(error)
  const held = await node.untilPod('p', waitsFor('ImagePullBackOff'))
  expect(held.status?.phase).toBe('Pending')
  expect(mainStatus(held)?.state?.waiting?.message).toBe(`Back-off pulling image "${image}": ErrImagePull: ${error}`)
  await node.untilPod('p', waitsFor('ErrImagePull'))
  const told = await node.eventsOf('p')
  for (const line of [
    `Normal BackOff Back-off pulling image "${image}"`,
    `Warning Failed Failed to pull image "${image}": ${error}`,
    'Warning Failed Error: ErrImagePull',
    'Warning Failed Error: ImagePullBackOff',
  ])
    expect(withoutCounts(told)).toContain(line)
})

test('a container whose config map is missing waits with CreateContainerConfigError until it appears', async () => {
  await using node = await startTestNode(FAST)
  const envFrom = [{ configMapRef: { name: 'settings' } }]
  await node.run('p', { containers: [{ ...main, envFrom }] })
  const held = await node.untilPod('p', waitsFor('CreateContainerConfigError'))
  expect(mainStatus(held)?.state?.waiting?.message).toBe('configmap "settings" not found')
  const metadata = { namespace: 'default', name: 'settings' }
  await node.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1' } })
  await node.untilPod('p', isReady)
  expect(withoutCounts(await node.eventsOf('p'))).toContain('Warning Failed Error: configmap "settings" not found')
})

test('a volume whose config map is missing is told as FailedMount, without an address, until it appears', async () => {
  await using node = await startTestNode(FAST)
  const volumes = [{ name: 'settings', configMap: { name: 'settings' } }]
  await node.run('p', { volumes, containers: [main] })
  const held = await node.untilPod('p', waitsFor('ContainerCreating'))
  expect(held.status?.podIP).toBeUndefined()
  await node.untilEvent('p', 'FailedMount')
  const metadata = { namespace: 'default', name: 'settings' }
  await node.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1' } })
  await node.untilPod('p', isReady)
  const [failure] = (await node.eventsOf('p')).filter((line) => line.includes('FailedMount'))
  expect(failure).toMatch(
    /^Warning FailedMount \d+ MountVolume.SetUp failed for volume "settings" : configmap "settings" not found$/,
  )
})

test('a pod that is active for longer than its deadline fails with DeadlineExceeded', async () => {
  await using node = await startTestNode(FAST)
  await node.run('p', { activeDeadlineSeconds: 60, containers: [main] })
  const { status } = await node.untilPod('p', phaseIs('Failed'))
  const message = 'Pod was active on the node longer than the specified deadline'
  expect(status).toMatchObject({ reason: 'DeadlineExceeded', message })
  expect(status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(143)
  expect(await node.eventsOf('p')).toContain(`Normal DeadlineExceeded 1 ${message}`)
})

test('a pod for which the node has no room is refused, and one that ended makes room', async () => {
  const capacity = { cpuMillis: 1000, memoryBytes: 2 ** 30, diskBytes: 2 ** 30, pods: 10 }
  await using node = await startTestNode({ ...FAST, capacity })
  const asks = (cpu: string) => ({ containers: [{ ...main, resources: { requests: { cpu } } }] })
  await node.run('first', asks('600m'))
  await node.untilPod('first', isReady)
  await node.run('second', asks('500m'))
  const { status } = await node.untilPod('second', phaseIs('Failed'))
  const why = "Node didn't have enough resource: cpu, requested: 500, used: 600, capacity: 1000"
  expect(status).toMatchObject({ reason: 'OutOfcpu', message: `Pod was rejected: ${why}` })
  expect(status?.containerStatuses).toBeUndefined()
  expect(await node.eventsOf('second')).toEqual([`Warning OutOfcpu 1 ${why}`])
  await node.client.delete(pods, { namespace: 'default', name: 'first' }, { gracePeriodSeconds: 0 })
  await node.untilGone('first')
  await node.run('third', asks('500m'))
  await node.untilPod('third', isReady)
})

test('sidecars start before the containers and are stopped after them; the pod succeeds when they have ended', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const volumeMounts = [{ name: 'shared', mountPath: '/shared' }]
  const listens = 'trap "exit 0" TERM; touch /shared/listens; while :; do sleep 0.01; done'
  const side = shell(listens, { name: 'side', restartPolicy: 'Always', volumeMounts })
  const waits = shell('until [ -e /shared/listens ]; do sleep 0.01; done; sleep 0.1', { volumeMounts })
  const volumes = [{ name: 'shared', emptyDir: {} }]
  await node.run('p', { restartPolicy: 'Never', volumes, initContainers: [side], containers: [waits] })
  const running = await node.untilPod('p', isReady)
  expect(running.status?.initContainerStatuses?.[0]).toMatchObject({ ready: true, started: true })
  const { status } = await node.untilPod('p', phaseIs('Succeeded'))
  expect(status?.initContainerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' })
  expect(await node.eventsOf('p')).toContain('Normal Killing 1 Stopping container side')
})
