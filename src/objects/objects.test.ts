import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pods, replicaSets } from '../api/generated/resources.ts'
import { KubernetesCluster, KubernetesConfigMap, KubernetesContainer, KubernetesDeployment } from './index.ts'
import { KubernetesPod, ObjectsError, Task } from './index.ts'

/** The stock image that the process runtime runs with the Node at hand. */
const image = `node:${process.versions.node.split('.')[0]}`
const SLEEP = ['-e', 'setInterval(() => {}, 1e6); process.on("SIGTERM", () => process.exit(0))']

const folder = mkdtempSync(join(tmpdir(), 'objects-'))
let cluster: KubernetesCluster

beforeAll(async () => {
  const file = join(folder, 'cluster.yaml')
  writeFileSync(file, 'apiVersion: shoal.dev/v1\nkind: Cluster\nmetadata: {name: small}\nspec: {nodes: 2}\n')
  cluster = await KubernetesCluster.create(file, KubernetesConfigMap.of('settings', { GREETING: 'hello' }))
})

afterAll(async () => {
  await cluster.close()
  rmSync(folder, { recursive: true })
})

test('a cluster is what its file says', async () => {
  expect(cluster.name).toBe('small')
})

test('a container finds the settings of the cluster and its own environment, and its log is read', async () => {
  const pod = KubernetesPod.create('greeter', cluster, 'greeting')
  const args = ['-e', 'console.log(`${process.env.GREETING} ${process.env.WHOM}`); setInterval(() => {}, 1000)']
  const greeter = KubernetesContainer.create('greeter', pod, { image, args, env: { WHOM: 'world' } })
  const started = await greeter.start()
  expect(started.metadata.labels).toEqual({ app: 'greeting' })
  for await (const line of greeter.follow()) {
    expect(line).toBe('hello world')
    break
  }
  expect(await greeter.logs()).toBe('hello world\n')
  await pod.stop({ gracePeriodSeconds: 0 })
  expect(await pod.object()).toBeUndefined()
})

test('containers that are started together share a pod; stopping one leaves a pod of the other', async () => {
  const pod = KubernetesPod.create('pair', cluster)
  const left = KubernetesContainer.create('left', pod, { image, args: SLEEP })
  const right = KubernetesContainer.create('right', pod, { image, args: SLEEP })
  const [first, second] = await Promise.all([left.start(), right.start()])
  expect(first.metadata.uid).toBe(second.metadata.uid)
  expect(first.spec?.containers.map(({ name }) => name)).toEqual(['left', 'right'])
  await right.stop({ gracePeriodSeconds: 1 })
  expect((await left.start()).spec?.containers.map(({ name }) => name)).toEqual(['left'])
  expect(await right.status()).toBeUndefined()
  await left.stop({ gracePeriodSeconds: 0 })
  expect(await pod.object()).toBeUndefined()
})

test('a container whose image cannot run says so at once', async () => {
  const pod = KubernetesPod.create('stranger', cluster)
  const container = KubernetesContainer.create('nginx', pod)
  const refused = {
    name: 'ObjectsError',
    code: 'OBJECTS_START_FAILED',
    message: expect.stringContaining('ErrImagePull'),
  }
  await expect(container.start()).rejects.toMatchObject(refused)
  await pod.stop({ gracePeriodSeconds: 0 })
})

test('a pod takes no two containers of one name, and starts none where it has none', async () => {
  const pod = KubernetesPod.create('twice', cluster)
  expect(() => pod.start()).toThrow(ObjectsError)
  KubernetesContainer.create('same', pod)
  expect(() => KubernetesContainer.create('same', pod)).toThrow('expected another name')
  await expect(KubernetesContainer.create('other', pod).logs()).rejects.toMatchObject({ code: 'OBJECTS_NOT_STARTED' })
})

test('a deployment is deployed, upgraded, rolled back, scaled and deleted', { timeout: 60_000 }, async () => {
  const web = KubernetesDeployment.create('web', cluster, { image, args: SLEEP, replicas: 2, env: { VERSION: '1' } })
  expect((await web.deploy()).status?.availableReplicas).toBe(2)
  await web.upgrade({ env: { VERSION: '2' } })
  expect(await versions()).toEqual(['2', '2'])
  await web.rollback()
  expect(await versions()).toEqual(['1', '1'])
  expect((await web.history()).map(({ revision, replicas }) => [revision, replicas])).toEqual([
    [2, 0],
    [3, 2],
  ])
  await expect(web.rollback(7)).rejects.toMatchObject({ code: 'OBJECTS_NO_REVISION' })
  expect((await web.scale(3)).status?.replicas).toBe(3)
  const autoscaler = await web.autoscale({ minReplicas: 2, maxReplicas: 5, cpuPercent: 50 })
  expect(autoscaler.spec?.maxReplicas).toBe(5)
  // Deploying again leaves the number of replicas to the autoscaler.
  expect((await web.deploy()).spec?.replicas).toBe(3)
  await web.delete()
  expect(await web.object()).toBeUndefined()
  expect((await cluster.client.list(replicaSets)).items).toEqual([])

  async function versions(): Promise<readonly (string | undefined)[]> {
    const { items } = await cluster.client.list(pods, { labelSelector: 'app=web' })
    const live = items.filter((pod) => pod.metadata.deletionTimestamp === undefined)
    return live.map((pod) => pod.spec?.containers[0]?.env?.find(({ name }) => name === 'VERSION')?.value)
  }
})

test(
  'an upgrade that cannot come to be fails by its deadline, and says what is missing',
  { timeout: 60_000 },
  async () => {
    const broken = KubernetesDeployment.create('broken', cluster, { image, args: SLEEP, progressDeadlineSeconds: 4 })
    await broken.deploy()
    const failure = { code: 'OBJECTS_ROLLOUT_FAILED', message: expect.stringContaining('0 of') }
    await expect(broken.upgrade({ image: 'nginx' })).rejects.toMatchObject({ code: failure.code })
    await broken.rollback()
    await broken.delete()
  },
)

test('a task runs to all of its completions and its logs are found by index', async () => {
  const args = ['-p', 'process.env.JOB_COMPLETION_INDEX ** 2']
  const squares = Task.create('squares', cluster, { image, args, completions: 3, priority: 7 })
  const job = await squares.run()
  expect(job.status?.succeeded).toBe(3)
  expect(await squares.logs(2)).toBe('4\n')
  const { items } = await cluster.client.list(pods, { labelSelector: 'job-name=squares' })
  expect(items.map((pod) => pod.spec?.priority)).toEqual([7, 7, 7])
})

test('a task that fails for good says why, with the end of its log', async () => {
  const args = ['-e', 'console.log("no input"); process.exit(3)']
  const failing = Task.create('failing', cluster, { image, args, backoffLimit: 0 })
  await expect(failing.run()).rejects.toMatchObject({
    code: 'OBJECTS_TASK_FAILED',
    message: expect.stringMatching(/BackoffLimitExceeded[^]*no input/),
  })
})

test('a task that takes longer than its deadline fails by it', async () => {
  const slow = Task.create('slow', cluster, { image, args: SLEEP, deadlineSeconds: 1 })
  await expect(slow.run()).rejects.toThrow('DeadlineExceeded')
})

test('what is waited for in vain is named', async () => {
  const huge = { requests: { cpu: '1000' } }
  const task = Task.create('huge', cluster, { image, args: SLEEP, resources: huge })
  await expect(task.run({ timeoutMs: 200 })).rejects.toMatchObject({
    code: 'OBJECTS_WAITED_TOO_LONG',
    message: expect.stringContaining('0 of 1 have succeeded'),
  })
  await task.cancel()
})
