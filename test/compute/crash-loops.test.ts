import { afterAll, beforeAll, expect, test } from 'vitest'
import { pods, serviceAccounts } from '../../src/api/generated/resources.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { watchCrashLoops } from '../../src/compute/pods/crash-loops.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { virtualTime } from '../../src/reconcile/virtual-time.ts'

const namespace = 'default'
let cluster: Cluster

beforeAll(async () => {
  cluster = await createCluster({ env: systemEnvironment('error'), apiOnly: true })
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } }
  await cluster.client.create(serviceAccounts, account)
  for (const name of ['a', 'b']) {
    const containers = [{ name: 'worker', image: 'node:24' }]
    const metadata = { name, namespace, labels: { of: 'run' } }
    await cluster.client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } })
  }
})
afterAll(() => cluster.close())

/** The kubelet says of a pod's container that it runs, has ended, or why it waits. */
async function says(name: string, reason?: string): Promise<void> {
  const ended = { terminated: { exitCode: 137 } }
  const state = reason === undefined ? { running: {} } : reason === 'ended' ? ended : { waiting: { reason } }
  const status = { name: 'worker', image: 'node:24', imageID: '', ready: reason === undefined, restartCount: 2, state }
  const patch = { status: { phase: 'Running', containerStatuses: [status] } }
  await cluster.client.patch(pods, { namespace, name }, { type: 'merge', patch }, { subresource: 'status' })
}

test('pods that are held back are made up for until they run again', async () => {
  const time = virtualTime()
  const heldBack: number[] = []
  const loops = watchCrashLoops({
    client: cluster.client,
    env: time.env,
    namespace,
    labelSelector: 'of=run',
    onHeldBack: (count) => heldBack.push(count),
  })
  const next = async (expected: readonly number[]) => {
    await expect.poll(() => (time.advance(2_000), heldBack)).toEqual(expected)
  }
  await says('a', 'CrashLoopBackOff')
  await says('b')
  time.advance(60_000)
  // Nobody looks while none is lost.
  expect(heldBack).toEqual([])
  loops.lost()
  await next([1])
  await says('b', 'ended')
  await next([1, 2])
  await says('a')
  await says('b')
  await next([1, 2, 0])
  loops.stop()
})
