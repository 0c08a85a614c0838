import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Deployment } from '../../src/api/generated/apps-v1.ts'
import { deployments, services } from '../../src/api/generated/resources.ts'
import { until } from '../../src/testing/until.ts'
import { ask, MODES, openTestNetwork } from './network.fixture.ts'

/** Asks on, each time on a connection of its own, until it is stopped. */
function load(host: string, port: number, lanes: number) {
  let isOver = false
  const pods = new Set<string>()
  const failures: unknown[] = []
  const answered = (answer: string) => void pods.add(answer.split(' ')[0] ?? '')
  const lane = async () => {
    while (!isOver) await ask(host, port).then(answered, (error: unknown) => failures.push(error))
  }
  const all = Promise.all(Array.from({ length: lanes }, lane))
  return {
    /** Resolves when so many different pods have answered. */
    async heard(count: number) {
      while (pods.size < count) await setImmediate()
    },
    async stop() {
      isOver = true
      await all
      return failures
    },
  }
}

const isRolledOut = ({ spec, status, metadata }: Deployment) =>
  status?.observedGeneration === metadata.generation &&
  status?.updatedReplicas === spec?.replicas &&
  status?.replicas === spec?.replicas &&
  status?.availableReplicas === spec?.replicas

for (const mode of MODES) {
  test(`rolling update, ${mode}: not one request fails while every pod is replaced`, async () => {
    await using network = await openTestNetwork(mode)
    await Promise.all([network.deploy('web', 3), network.serve('web', { type: 'NodePort' })])
    const { spec } = await network.client.get(services, { namespace: 'default', name: 'web' })
    const [host, port, nodePort] = [spec?.clusterIP ?? '', 80, spec?.ports?.[0]?.nodePort ?? 0]
    await network.answering(host, port, 3)
    await network.answering('127.0.0.1', nodePort, 3)
    const loads = [load(host, port, 4), load('127.0.0.1', nodePort, 2)]
    await Promise.all(loads.map((each) => each.heard(3)))
    const patch = { spec: { template: { metadata: { annotations: { version: '2' } } } } }
    await network.client.patch(deployments, { namespace: 'default', name: 'web' }, { type: 'strategic', patch })
    await until(network.client, deployments, (all) => all.every(isRolledOut), { deadlineMs: 60_000 })
    await Promise.all(loads.map((each) => each.heard(3 + 3)))
    expect(await Promise.all(loads.map((each) => each.stop()))).toEqual([[], []])
  })
}
