import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobs, pods } from '../../src/api/generated/resources.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import type { WorkerLostError } from '../../src/compute/errors.ts'
import { runs } from '../../src/compute/run/run.ts'
import { createCompute } from '../../src/compute/session.ts'
import type { Shoal } from '../../src/compute/shoal.ts'
import { systemEnvironment } from '../../src/env/system.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-pods-'))
const env = systemEnvironment('error')
const namespace = 'default'
let cluster: Cluster

beforeAll(async () => {
  cluster = await createCluster({ env, podDirectory: join(directory, 'pods') })
})

afterAll(async () => {
  await cluster.close()
  rmSync(directory, { recursive: true })
})

const open = (
  workers = { count: 2, threads: 1, cpu: '100m' },
  image = 'node:24',
  workerTimeoutMs = 20_000,
): Promise<Shoal> =>
  createCompute({
    client: cluster.client,
    env,
    namespace,
    image,
    workers,
    workerTimeoutMs,
    reach: { kind: 'unix', directory: join(directory, 's') },
    cacheDirectory: join(directory, 'cache'),
    program: { name: 'main.ts', args: ['--fast'] },
  })

test('a session runs on the pods of a Job, is listed as a Run, and leaves only that behind', async () => {
  const shoal = await open()
  expect(await shoal.map([1, 2, 3], (item) => item * 2)).toEqual([2, 4, 6])
  const { items } = await cluster.client.list(pods, { namespace, labelSelector: `shoal.dev/run=${shoal.name}` })
  expect(items).toHaveLength(2)
  expect(items.every(({ spec }) => spec?.automountServiceAccountToken === false)).toBe(true)
  await shoal.close()
  const run = await cluster.client.get(runs, { namespace, name: shoal.name })
  expect(run.spec).toMatchObject({ program: 'main.ts', args: ['--fast'], workers: 2 })
  expect(run.status).toMatchObject({ phase: 'Succeeded', tasks: 3, losses: 0 })
  expect((await cluster.client.list(jobs, { namespace })).items).toEqual([])
})

test('a task that kills its pod each time fails with what the pods say of their ends', async () => {
  await using shoal = await open()
  const failing = shoal.map([1], () => process.kill(process.pid, 'SIGKILL'))
  const error = (await failing.catch((thrown: unknown) => thrown)) as WorkerLostError
  expect(error.losses.map(({ exitCode, signal }) => [exitCode, signal])).toEqual([1, 2, 3].map(() => [137, 'SIGKILL']))
  expect(error.losses[0]?.node).toBe('node1')
})

test('deleting the Run stops it', async () => {
  await using shoal = await open()
  await shoal.map([1], (item) => item)
  const waiting = shoal.map([1], () => new Promise(() => {}))
  waiting.catch(() => {})
  await cluster.client.delete(runs, { namespace, name: shoal.name })
  await expect(waiting).rejects.toMatchObject({ code: 'SHOAL_RUN_DELETED' })
})

test('an image that the node does not have is named by the error of the work that waits', async () => {
  await using shoal = await open({ count: 1, threads: 1, cpu: '100m' }, 'python:3', 1500)
  await expect(shoal.map([1], (item) => item)).rejects.toMatchObject({
    code: 'SHOAL_NO_WORKERS',
    message: expect.stringMatching(/ErrImagePull|ImagePullBackOff/),
  })
})

test('workers for which there is no room are named with the numbers', async () => {
  await using shoal = await open({ count: 1, threads: 1, cpu: '4000' }, 'node:24', 1000)
  await expect(shoal.map([1], (item) => item)).rejects.toMatchObject({
    message: expect.stringContaining('Insufficient cpu'),
  })
})
