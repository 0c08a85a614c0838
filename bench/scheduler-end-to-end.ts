import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pod } from '../src/api/generated/core-v1.ts'
import { nodes, pods, serviceAccounts } from '../src/api/generated/resources.ts'
import type { Client } from '../src/client/client.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { startScheduler } from '../src/scheduler/scheduler.ts'
import { figure } from './figures.ts'
import { benchNode, shapes } from './scheduler-shapes.ts'
import type { Shape } from './scheduler-shapes.ts'

const env = systemEnvironment('error')
const NAMESPACE = 'default'

/** Pods of the basic shape created through a durable API server, until the last one is bound; each size in a cluster of its own. */
export async function endToEnd(print: (line: string) => void): Promise<void> {
  const basic = shapes[0] as Shape
  for (const [nodeCount, podCount] of [
    [500, 2500],
    [5000, 10_000],
    [15_000, 30_000],
  ] as const) {
    const rates: number[] = []
    for (let round = 0; round < 3; round++) rates.push(await bound({ ...basic, nodes: nodeCount, pods: podCount }))
    const what = `durable API, ${nodeCount} nodes: ${podCount} pods created and bound`
    print(figure(what, rates, '/s', nodeCount === 5000 ? { goal: 1500 } : {}))
  }
}

/** Pods a second. */
async function bound(shape: Shape): Promise<number> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  // Nothing else keeps the process up while the cluster's own timers wait.
  const awake = setInterval(() => {}, 1000)
  try {
    await using cluster = await createCluster({ env, dataDirectory, apiOnly: true })
    const { client } = cluster
    const metadata = { name: 'default', namespace: NAMESPACE }
    await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
    await inBatches(shape.nodes, (i) => createNode(client, shape, i))
    await using scheduler = startScheduler({ env, client })
    await scheduler.ready
    const done = boundPods(client, shape.pods)
    const started = performance.now()
    await inBatches(shape.pods, (i) => client.create(pods, inNamespace(shape.pod(i))))
    await done
    return (shape.pods / (performance.now() - started)) * 1000
  } finally {
    clearInterval(awake)
    rmSync(dataDirectory, { recursive: true, force: true })
  }
}

/** A new node has a taint until a controller sees it ready; there is none here. */
async function createNode(client: Client, shape: Shape, index: number): Promise<void> {
  const node = benchNode(shape, index)
  await client.create(nodes, node)
  const patch = { spec: { taints: null } }
  await client.patch(nodes, { name: node.metadata.name! }, { type: 'merge', patch })
}

const inNamespace = (pod: Pod): Pod => ({ ...pod, metadata: { name: pod.metadata.name!, namespace: NAMESPACE } })

/** Resolves when so many pods have been seen to get their node. */
function boundPods(client: Client, count: number): Promise<void> {
  const all = Promise.withResolvers<void>()
  let seen = 0
  const watch = client.watch(
    pods,
    { namespace: NAMESPACE },
    {
      events(events) {
        for (const { type, object } of events) {
          if (type === 'MODIFIED' && (object as Pod).spec?.nodeName !== undefined) seen += 1
        }
        if (seen >= count) all.resolve()
      },
      closed: (error) =>
        all.reject(error ?? new Error('Cannot see the end: the watch was closed, expected it to last')),
    },
  )
  return all.promise.finally(() => watch.close())
}

async function inBatches(count: number, make: (index: number) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < count; start += 100) {
    await Promise.all(Array.from({ length: Math.min(100, count - start) }, (_, i) => make(start + i)))
  }
}
