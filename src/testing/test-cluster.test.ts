import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
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
