import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import { createTestCluster } from './test-cluster.ts'

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
  const running = await new Promise<Pod>((resolve, reject) => {
    first.client.watch(
      pods,
      { namespace: 'default' },
      {
        events: (events) => {
          const found = events.map(({ object }) => object as Pod).find(({ status }) => status?.phase === 'Running')
          if (found !== undefined) resolve(found)
        },
        closed: (error) => reject(error ?? new Error('the watch was closed')),
      },
    )
  })
  expect(running.spec?.nodeName).toMatch(/^node[12]$/)
  expect((await second.client.list(pods)).items).toEqual([])
})
