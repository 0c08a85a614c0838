import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/core-v1.ts'
import { cronJobs, jobs, pods } from '../api/generated/resources.ts'
import { createTestCluster } from './test-cluster.ts'
import { until } from './until.ts'

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'default' },
  spec: { containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10' }] },
}

test('createTestCluster() gives clusters that schedule and run pods, and know nothing of each other', async () => {
  await using first = await createTestCluster({ nodes: 2 })
  await using second = await createTestCluster()
  await first.client.create(pods, pod)
  const [running] = await until(first.client, pods, ([only]) => only?.status?.phase === 'Running')
  expect(running?.spec?.nodeName).toMatch(/^node[12]$/)
  expect((await second.client.list(pods)).items).toEqual([])
})

test('until() says what there was instead of what was waited for', async () => {
  await using cluster = await createTestCluster({ apiOnly: true })
  await expect(until(cluster.client, pods, () => false, { deadlineMs: 50 })).rejects.toMatchObject({
    code: 'TEST_WAITED_TOO_LONG',
    message: expect.stringMatching(/^Cannot wait for pods: after 50 ms there are \d+, expected others: \[/),
  })
})

test('until() looks before it waits, at nothing too', async () => {
  await using cluster = await createTestCluster({ apiOnly: true })
  expect(await until(cluster.client, pods, (all) => all.length === 0)).toEqual([])
})

test('advance() lets hours pass at once: a CronJob of every hour has started its Jobs, which have ended', async () => {
  await using cluster = await createTestCluster()
  const startMs = cluster.now()
  await cluster.client.create(cronJobs, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'hourly', namespace: 'default' },
    spec: {
      schedule: '0 * * * *',
      successfulJobsHistoryLimit: 6,
      jobTemplate: {
        spec: {
          template: {
            metadata: { annotations: { 'simulated.shoal.dev/run-for': '10m' } },
            spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'report:1' }] },
          },
        },
      },
    },
  })
  await cluster.advance('3h')
  expect(cluster.now() - startMs).toBeGreaterThanOrEqual(3 * 3_600_000)
  const { items } = await cluster.client.list(jobs)
  expect(items).toHaveLength(3)
  const [first] = items
  const ran = Date.parse(first!.status!.completionTime!) - Date.parse(first!.status!.startTime!)
  expect(ran).toBeGreaterThanOrEqual(600_000)
  expect(ran).toBeLessThan(660_000)
})

test('advance() refuses what is no duration', async () => {
  await using cluster = await createTestCluster({ apiOnly: true })
  await expect(cluster.advance('tomorrow')).rejects.toThrow(
    'Cannot advance by "tomorrow": not a duration, expected milliseconds or a text such as "1h30m"',
  )
})
