import { expect, test } from 'vitest'
import { nodes } from '../src/api/generated/resources.ts'
import { parseThresholds } from '../src/node/eviction/parse-thresholds.ts'
import { createTestCluster, until } from '../src/testing/index.ts'

// The node controller's taints by condition: who is short of memory gets no more pods that asked for none.
test('nodes of a cluster are short of what its thresholds say', async () => {
  const eviction = parseThresholds({ hard: 'memory.available<1000Ti' })
  await using cluster = await createTestCluster({ runtime: 'process', eviction })
  await cluster.advance('30s')
  const [node] = await until(cluster.client, nodes, (all) =>
    all.some(({ spec }) => spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/memory-pressure')),
  )
  const pressure = node?.status?.conditions?.find(({ type }) => type === 'MemoryPressure')
  expect(pressure).toMatchObject({ status: 'True', reason: 'KubeletHasInsufficientMemory' })
})
