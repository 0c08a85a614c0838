import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { pods } from '../api/generated/resources.ts'
import { isReady, shell, startTestNode } from './test-node.fixture.ts'

const sh = (script: string) => ({ exec: { command: ['sh', '-c', script] } })
const WAITS = 'trap "exit 0" TERM; while true; do sleep 0.05; done'

test('a container is ready only after its postStart hook, and its preStop hook comes before SIGTERM', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const main = shell(`trap 'echo told to stop >> /work/said; exit 0' TERM; while true; do sleep 0.05; done`, {
    lifecycle: { postStart: sh('echo started >> /work/said'), preStop: sh('echo stopping >> /work/said') },
    volumeMounts: [{ name: 'work', mountPath: '/work' }],
  })
  const said = path.join(node.directory, 'said')
  const volumes = [{ name: 'work', hostPath: { path: path.dirname(said) } }]
  await node.run('p', { volumes, containers: [main] })
  await node.untilPod('p', isReady)
  await node.client.delete(pods, { namespace: 'default', name: 'p' }, { gracePeriodSeconds: 5 })
  await node.untilGone('p')
  expect(readFileSync(said, 'utf8')).toBe('started\nstopping\ntold to stop\n')
})

test('a container whose postStart hook fails is stopped, with an event', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const main = shell(WAITS, { lifecycle: { postStart: sh('exit 1') } })
  await node.run('p', { restartPolicy: 'Never', terminationGracePeriodSeconds: 2, containers: [main] })
  await node.untilPod('p', ({ status }) => status?.containerStatuses?.[0]?.state?.terminated !== undefined)
  expect(await node.eventsOf('p')).toContain('Warning FailedPostStartHook 1 PostStartHook failed')
})

test('a preStop hook that sleeps holds SIGTERM back, and no longer than the grace', async () => {
  await using node = await startTestNode({ runtime: 'simulated', speed: 50 })
  const main = shell('sleep 1000', { lifecycle: { preStop: { sleep: { seconds: 20 } } } })
  await node.run('p', { containers: [main] })
  await node.untilPod('p', isReady)
  const begun = node.env.clock.now()
  await node.client.delete(pods, { namespace: 'default', name: 'p' }, { gracePeriodSeconds: 30 })
  await node.untilGone('p')
  expect(node.env.clock.now() - begun).toBeGreaterThanOrEqual(20_000)
})
