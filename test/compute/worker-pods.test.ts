import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jobs, pods } from '../../src/api/generated/resources.ts'
import type { WorkerLostError } from '../../src/compute/errors.ts'
import { workerJob } from '../../src/compute/pods/worker-job.ts'
import type { WorkerOptions } from '../../src/compute/pods/worker-job.ts'
import { runs } from '../../src/compute/run/run.ts'
import type { Shoal } from '../../src/compute/shoal.ts'
import { clusterSessions } from './cluster-session.fixture.ts'

const sessions = clusterSessions()
const { directory, namespace } = sessions

const open = (workers?: WorkerOptions, image = 'node:24', workerTimeoutMs = 20_000): Promise<Shoal> =>
  sessions.open({
    image,
    workerTimeoutMs,
    ...(workers === undefined ? {} : { workers }),
    program: { name: 'main.ts', args: ['--fast'] },
  })

test('a session runs on the pods of a Job, is listed as a Run, and leaves only that behind', async () => {
  const shoal = await open()
  expect(await shoal.map([1, 2, 3], (item) => item * 2)).toEqual([2, 4, 6])
  const { items } = await sessions.client.list(pods, { namespace, labelSelector: `shoal.dev/run=${shoal.name}` })
  expect(items).toHaveLength(2)
  expect(items.every(({ spec }) => spec?.automountServiceAccountToken === false)).toBe(true)
  await shoal.close()
  const run = await sessions.client.get(runs, { namespace, name: shoal.name })
  expect(run.spec).toMatchObject({ program: 'main.ts', args: ['--fast'], workers: 2 })
  expect(run.status).toMatchObject({ phase: 'Succeeded', tasks: 3, losses: 0 })
  expect((await sessions.client.list(jobs, { namespace })).items).toEqual([])
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
  await sessions.client.delete(runs, { namespace, name: shoal.name })
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

test('what a pod wrote last and how it ended is told of each loss, also where its container was started again', async () => {
  await using shoal = await open()
  const flag = join(directory, 'ended')
  const ends = shoal.map([flag], async (path) => {
    const { appendFileSync, readFileSync } = await import('node:fs')
    appendFileSync(path, 'x')
    const times = readFileSync(path, 'utf8').length
    process.stderr.write(`this is end ${times}\n`)
    await new Promise((resolve) => setTimeout(resolve, 50))
    process.kill(process.pid, times === 1 ? 'SIGKILL' : 'SIGSEGV')
    await new Promise(() => {})
  })
  const failing = ends.catch((thrown: unknown) => thrown)
  const error = (await failing) as WorkerLostError
  expect(error.losses.map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGSEGV', 'SIGSEGV'])
  expect(error.losses.map(({ lastLogLines }) => lastLogLines?.at(-1))).toEqual([1, 2, 3].map((n) => `this is end ${n}`))
})

test('memory that runs out once costs a retry, always it fails with what was held and allowed', async () => {
  await using shoal = await open({ count: 1, threads: 1, cpu: '100m', memory: '128Mi' })
  const exhaust = async (path: string | undefined) => {
    const { existsSync, writeFileSync } = await import('node:fs')
    if (path !== undefined && existsSync(path)) return 'done'
    if (path !== undefined) writeFileSync(path, '')
    const held: unknown[] = []
    for (;;) held.push(Array.from({ length: 10_000 }, () => ({})))
  }
  expect(await shoal.map([join(directory, 'exhausted')], exhaust)).toEqual(['done'])
  const error = (await shoal.map([undefined], exhaust).catch((thrown: unknown) => thrown)) as WorkerLostError
  expect(error.losses.every(({ outOfMemory }) => outOfMemory === true)).toBe(true)
  expect(error.message).toMatch(/ran out of memory/)
  expect(error.hint).toMatch(/more memory/)
}, 60_000)

test('no pod of a session is left when it is closed', async () => {
  const shoal = await open()
  await shoal.map([1], (item) => item)
  await shoal.close()
  const { items } = await sessions.client.list(pods, { namespace, labelSelector: `shoal.dev/run=${shoal.name}` })
  expect(items).toEqual([])
})

test('a run whose program cancelled a stage, or dealt with its failure and closed, has succeeded', async () => {
  const phaseAfter = async (work: (shoal: Shoal) => Promise<unknown>) => {
    const shoal = await open()
    await work(shoal)
    const run = await sessions.client.get(runs, { namespace, name: shoal.name })
    return run.status?.phase
  }
  const never = () => new Promise(() => {})
  const fails = () => {
    throw new Error('not today')
  }
  const cancelled = phaseAfter(async (shoal) => {
    await shoal.map([1], never, { signal: AbortSignal.timeout(1) }).catch(() => {})
    await shoal[Symbol.asyncDispose]()
  })
  const caught = phaseAfter(async (shoal) => {
    await shoal.map([1], fails).catch(() => {})
    await shoal.close()
  })
  const left = phaseAfter(async (shoal) => {
    await shoal.map([1], fails).catch(() => {})
    await shoal[Symbol.asyncDispose]()
  })
  expect(await Promise.all([cancelled, caught, left])).toEqual(['Succeeded', 'Succeeded', 'Failed'])
})

test('volumes that workers share are read and written where they see them', async () => {
  const shared = join(directory, 'shared')
  mkdirSync(shared)
  writeFileSync(join(shared, 'in.txt'), 'a\nb\n')
  const volumes = { data: { hostPath: shared, mountPath: '/shared/data' }, claimed: { claim: 'elsewhere' } }
  const job = workerJob({ name: 'w', namespace, image: 'node:24', workers: { volumes }, address: '' })
  expect(job.spec?.template.spec?.volumes).toContainEqual({
    name: 'shared-claimed',
    persistentVolumeClaim: { claimName: 'elsewhere', readOnly: false },
  })
  await using shoal = await open({ count: 1, threads: 1, cpu: '100m', volumes: { data: volumes.data } })
  await shoal.files('volume://data/*.txt').lines().writeText('volume://data/out')
  expect(readFileSync(join(shared, 'out', 'part-00000.txt'), 'utf8')).toBe('a\nb\n')
})
