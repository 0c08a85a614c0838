import { expect, test } from 'vitest'
import { isReady, phaseIs, shell, startTestNode } from './test-node.fixture.ts'

test('logs: tail, limit, timestamps, since', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  await node.run('p', { restartPolicy: 'Never', containers: [shell('echo one; echo two; echo three')] })
  await node.untilPod('p', phaseIs('Succeeded'))
  expect(await node.log('p')).toBe('one\ntwo\nthree\n')
  expect(await node.log('p', 'main', { tailLines: 1 })).toBe('three\n')
  expect(await node.log('p', 'main', { limitBytes: 5 })).toBe('one\nt')
  expect(await node.log('p', 'main', { timestamps: true, tailLines: 1 })).toMatch(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z three\n$/,
  )
  const later = new Date(node.env.clock.now() + 60_000).toISOString()
  expect(await node.log('p', 'main', { sinceTime: later })).toBe('')
  expect(await node.log('p', 'main', { sinceSeconds: 60 })).toBe('one\ntwo\nthree\n')
})

test('logs: followed until the container ends', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  await node.run('p', { restartPolicy: 'Never', containers: [shell('echo one; sleep 0.2; echo two')] })
  await node.untilPod('p', isReady)
  expect(await node.log('p', 'main', { follow: true })).toBe('one\ntwo\n')
})

test('logs: those of the attempt before, and a clear answer where there was none', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const script = 'test -e /etc/v/again && exec sleep 300; touch /etc/v/again; echo first; exit 1'
  const volumeMounts = [{ name: 'v', mountPath: '/etc/v' }]
  await node.run('p', { volumes: [{ name: 'v', emptyDir: {} }], containers: [shell(script, { volumeMounts })] })
  await node.untilPod('p', (pod) => isReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1)
  expect(await node.log('p', 'main', { previous: true })).toBe('first\n')
  await node.run('q', { containers: [shell('sleep 300')] })
  await node.untilPod('q', isReady)
  await expect(node.log('q', 'main', { previous: true })).rejects.toMatchObject({
    reason: 'BadRequest',
    message: 'previous terminated container "main" in pod "q" not found',
  })
})

test('logs: a container that has not started says why', async () => {
  await using node = await startTestNode({ runtime: 'simulated', speed: 100 })
  await node.run('p', { containers: [{ name: 'main', image: 'registry.invalid/none:1' }] })
  await node.untilPod(
    'p',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff',
  )
  await expect(node.log('p')).rejects.toMatchObject({
    message: 'container "main" in pod "p" is waiting to start: trying and failing to pull image',
  })
})
