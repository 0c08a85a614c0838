import { expect, test } from 'vitest'
import type { Service } from '../api/generated/core-v1.ts'
import { pods, services } from '../api/generated/resources.ts'
import { isReady, phaseIs, shell, startTestNode } from './test-node.fixture.ts'
import type { TestNode } from './test-node.fixture.ts'

function addService(node: TestNode, name: string, spec: object, namespace = 'default') {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name }, spec }
  return node.client.create(services, service as Service)
}

const DATABASE = {
  ports: [
    { name: 'sql', port: 5432 },
    { name: 'probe', port: 53, protocol: 'UDP' },
  ],
}

async function environmentOf(node: TestNode, name: string, spec: object = {}): Promise<readonly string[]> {
  await node.run(name, { restartPolicy: 'Never', containers: [shell('env | sort')], ...spec })
  await node.untilPod(name, phaseIs('Succeeded'))
  return (await node.log(name)).split('\n').filter((line) => /^(KUBERNETES|MY_DB|HEADLESS)/.test(line))
}

test('a container learns of the Services of its namespace by variables, as Kubernetes and Docker name them', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const { spec } = await addService(node, 'my-db', DATABASE)
  await addService(node, 'headless', { clusterIP: 'None', ports: [{ port: 80 }] })
  const address = spec?.clusterIP
  expect((await environmentOf(node, 'linked')).filter((line) => !line.startsWith('KUBERNETES'))).toEqual([
    `MY_DB_PORT=tcp://${address}:5432`,
    `MY_DB_PORT_53_UDP=udp://${address}:53`,
    `MY_DB_PORT_53_UDP_ADDR=${address}`,
    'MY_DB_PORT_53_UDP_PORT=53',
    'MY_DB_PORT_53_UDP_PROTO=udp',
    `MY_DB_PORT_5432_TCP=tcp://${address}:5432`,
    `MY_DB_PORT_5432_TCP_ADDR=${address}`,
    'MY_DB_PORT_5432_TCP_PORT=5432',
    'MY_DB_PORT_5432_TCP_PROTO=tcp',
    `MY_DB_SERVICE_HOST=${address}`,
    'MY_DB_SERVICE_PORT=5432',
    'MY_DB_SERVICE_PORT_PROBE=53',
    'MY_DB_SERVICE_PORT_SQL=5432',
  ])
  const unlinked = await environmentOf(node, 'unlinked', { enableServiceLinks: false })
  expect(unlinked.map((line) => line.split('=')[0])).toContain('KUBERNETES_SERVICE_HOST')
  expect(unlinked.some((line) => line.startsWith('MY_DB'))).toBe(false)
})

test('a pod below a subdomain has its whole name beside the short one, and its aliases', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const named = { hostname: 'web', subdomain: 'shop', hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] }
  const script = 'hostname; cat /etc/hosts'
  await node.run('p', { ...named, restartPolicy: 'Never', containers: [shell(script)] })
  const { status } = await node.untilPod('p', phaseIs('Succeeded'))
  const [hostname, ...hosts] = (await node.log('p')).split('\n')
  expect(hostname).toBe('web')
  expect(hosts).toContain(`${status?.podIP}\tweb.shop.default.svc.cluster.local\tweb`)
  expect(hosts).toContain('1.2.3.4\ta\tb')
  const whole = { ...named, setHostnameAsFQDN: true, restartPolicy: 'Never', containers: [shell('hostname')] }
  await node.run('whole', whole)
  await node.untilPod('whole', phaseIs('Succeeded'))
  expect(await node.log('whole')).toBe('web.shop.default.svc.cluster.local\n')
})

test('a host name that is too long as a whole name is told of, and the pod has no sandbox', async () => {
  await using node = await startTestNode()
  const subdomain = 's'.repeat(60)
  await node.run('p', { hostname: 'web', subdomain, setHostnameAsFQDN: true, containers: [shell('true')] })
  await node.untilEvent('p', 'FailedCreatePodSandBox')
  expect((await node.eventsOf('p')).join()).toContain('is too long (64 characters is the max, 90 characters requested)')
})

test('a pod is ready only when the conditions that it asks for are true too', async () => {
  await using node = await startTestNode()
  await node.run('p', { readinessGates: [{ conditionType: 'example.com/up' }], containers: [shell('sleep')] })
  const waiting = await node.untilPod('p', phaseIs('Running'))
  expect(waiting.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'ReadinessGatesNotReady',
    message: 'corresponding condition of pod readiness gate "example.com/up" does not exist.',
  })
  const conditions = [{ type: 'example.com/up', status: 'True' }]
  const key = { namespace: 'default', name: 'p' }
  await node.client.patch(
    pods,
    key,
    { type: 'strategic', patch: { status: { conditions } } },
    { subresource: 'status' },
  )
  const ready = await node.untilPod('p', isReady)
  expect(ready.status?.conditions?.some(({ type }) => type === 'example.com/up')).toBe(true)
})
