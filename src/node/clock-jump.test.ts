import { expect, test } from 'vitest'
import { pods } from '../api/generated/resources.ts'
import { isReady, phaseIs, shell, startTestNode } from './test-node.fixture.ts'

const DAY_MS = 24 * 3_600_000
const LIVES = 'trap "exit 0" TERM; while :; do sleep 0.05; done'

test.each([
  ['forward', DAY_MS],
  ['back', -DAY_MS],
])(
  'a pod with probes runs on, and another starts, when the clock of the machine is set %s by a day',
  async (_way, jumpMs) => {
    await using node = await startTestNode({ runtime: 'process' })
    const probe = { exec: { command: ['true'] }, periodSeconds: 1, timeoutSeconds: 20 }
    await node.run('old', { containers: [shell(LIVES, { livenessProbe: probe, readinessProbe: probe })] })
    const before = await node.untilPod('old', isReady)
    node.setClock(jumpMs)
    await node.run('new', { containers: [shell(LIVES, { readinessProbe: { ...probe, initialDelaySeconds: 1 } })] })
    await node.untilPod('new', isReady)
    const { status } = await node.client.get(pods, { namespace: 'default', name: 'old' })
    expect(status?.containerStatuses?.[0]).toMatchObject({
      containerID: before.status?.containerStatuses?.[0]?.containerID,
      ready: true,
      restartCount: 0,
    })
  },
)

test('a container that is held back is not held back for a day more when the clock is set back', async () => {
  await using node = await startTestNode({ runtime: 'simulated', speed: 50 })
  const annotations = { 'simulated.shoal.dev/run-for': '1ms', 'simulated.shoal.dev/exit-code': '1' }
  await node.run('p', { containers: [shell('crash')] }, { annotations })
  const restartsOf = (count: number) =>
    node.untilPod('p', ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) >= count)
  await restartsOf(2)
  node.setClock(-DAY_MS)
  await restartsOf(3)
})

test('a deadline that is months away is waited for in pieces', async () => {
  await using node = await startTestNode({ runtime: 'simulated' })
  await node.run('p', { activeDeadlineSeconds: 30 * 24 * 3600, containers: [shell('sleep')] })
  await node.untilPod('p', phaseIs('Running'))
  // Longer than 2^31 milliseconds, and a timer fires at once.
  expect(node.longestTimerMs()).toBeLessThan(2 ** 31)
})
