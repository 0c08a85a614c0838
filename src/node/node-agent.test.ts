import { expect, test } from 'vitest'
import { phaseIs, shell, startTestNode } from './test-node.fixture.ts'

test.each(['process', 'simulated'] as const)('%s runtime: a pod that prints and ends succeeds', async (runtime) => {
  await using node = await startTestNode({ runtime })
  const annotations = { 'simulated.shoal.dev/run-for': '10ms' }
  await node.run('p', { restartPolicy: 'Never', containers: [shell('echo hello')] }, { annotations })
  const pod = await node.untilPod('p', phaseIs('Succeeded'))
  expect(pod.status?.containerStatuses?.[0]?.state?.terminated?.reason).toBe('Completed')
  expect(await node.log('p')).toBe(runtime === 'process' ? 'hello\n' : 'simulated: sh -c echo hello\n')
})
