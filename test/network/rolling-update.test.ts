import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Deployment } from '../../src/api/generated/apps-v1.ts'
import { deployments, pods, services } from '../../src/api/generated/resources.ts'
import { until } from '../../src/testing/until.ts'
import { ask, container, MODES, openTestNetwork, pod } from './network.fixture.ts'

/** Asks on, each time on a connection of its own, until it is stopped. */
function load(host: string, port: number, lanes: number) {
  let isOver = false
  const answering = new Set<string>()
  const failures: unknown[] = []
  const answered = (answer: string) => void answering.add(answer.split(' ')[0] ?? '')
  const lane = async () => {
    while (!isOver) await ask(host, port).then(answered, (error: unknown) => failures.push(error))
  }
  const all = Promise.all(Array.from({ length: lanes }, lane))
  return {
    /** Resolves when so many different pods have answered. */
    async heard(count: number) {
      while (answering.size < count) await setImmediate()
    },
    async stop() {
      isOver = true
      await all
      return failures
    },
  }
}

/** The same from within a pod; tells who has answered and what failed. */
const ASKER = `
const { createServer, get } = require('node:http')
const [pods, failures] = [new Set(), []]
const ask = () => new Promise((resolve) => get({ host: process.argv[1], port: process.argv[2], agent: false }, async (response) => {
  pods.add(Buffer.concat(await response.toArray()).toString().split(' ')[0])
  resolve()
}).on('error', (error) => resolve(failures.push(String(error)))))
const lane = async () => { for (;;) await ask() }
for (let i = 0; i < 4; i++) lane()
createServer((request, response) => response.end(JSON.stringify({ pods: pods.size, failures }))).listen(9090, '0.0.0.0')
`

async function askFromPod(network: Awaited<ReturnType<typeof openTestNetwork>>, host: string, port: number) {
  const command = ['node', '-e', ASKER, host, String(port)]
  const readinessProbe = { tcpSocket: { port: 9090 }, periodSeconds: 1 }
  const spec = { containers: [{ ...container(command), readinessProbe }], terminationGracePeriodSeconds: 1 }
  const made = pod('asker', spec)
  await network.client.create(pods, { ...made, metadata: { ...made.metadata, labels: { app: 'asker' } } })
  const [asker] = await network.ready('asker', 1)
  const told = async () =>
    JSON.parse(await ask(asker?.status?.podIP ?? '', 9090)) as {
      readonly pods: number
      readonly failures: readonly string[]
    }
  return {
    async heard(count: number) {
      while ((await told()).pods < count) await setImmediate()
    },
    stop: async () => (await told()).failures,
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
    const loads = [load(host, port, 4), load('127.0.0.1', nodePort, 2), await askFromPod(network, host, port)]
    await Promise.all(loads.map((each) => each.heard(3)))
    const patch = { spec: { template: { metadata: { annotations: { version: '2' } } } } }
    await network.client.patch(deployments, { namespace: 'default', name: 'web' }, { type: 'strategic', patch })
    await until(network.client, deployments, (all) => all.every(isRolledOut), { deadlineMs: 60_000 })
    await Promise.all(loads.map((each) => each.heard(3 + 3)))
    expect(await Promise.all(loads.map((each) => each.stop()))).toEqual([[], [], []])
  })
}
