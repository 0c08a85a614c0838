import { expect, test } from 'vitest'
import type { PodSpec } from '../../api/generated/core-v1.ts'
import { configMaps, secrets } from '../../api/generated/resources.ts'
import { phaseIs, shell, startTestNode } from '../test-node.fixture.ts'

const metadata = { namespace: 'default', name: 'settings' }

/** What the pod's container `main` prints. */
async function printed(spec: Partial<PodSpec> & Pick<PodSpec, 'containers'>, labels = {}) {
  await using node = await startTestNode({ runtime: 'process' })
  const data = { greeting: 'hello', 'app.conf': 'a=1' }
  await node.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data })
  await node.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data: { password: 'c2VzYW1l' } })
  await node.run('p', { restartPolicy: 'Never', ...spec }, { labels })
  const { status } = await node.untilPod('p', (pod) => phaseIs('Succeeded')(pod) || phaseIs('Failed')(pod))
  return { text: await node.log('p'), status }
}

const mount = (name: string) => ({ volumeMounts: [{ name, mountPath: `/etc/${name}` }] })

test('environment: values, references to them, config maps, secrets, fields and resources', async () => {
  const env = [
    { name: 'FIRST', value: 'one' },
    { name: 'SECOND', value: '$(FIRST) and $$(FIRST) and $(NONE)' },
    { name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'greeting' } } },
    { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'settings', key: 'password' } } },
    { name: 'ABSENT', valueFrom: { configMapKeyRef: { name: 'none', key: 'a', optional: true } } },
    { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
  ]
  const script = 'echo "$SECOND|$GREETING|$PASSWORD|${ABSENT-unset}|$POD|$CPU|$SET_greeting|$0"; test -n "$IP"'
  const envFrom = [{ prefix: 'SET_', configMapRef: { name: 'settings' } }]
  const resources = { limits: { cpu: '1500m', memory: '64Mi' } }
  const command = ['sh', '-c', script, '$(FIRST)']
  const { text, status } = await printed({ containers: [shell('', { command, env, envFrom, resources })] })
  expect(text).toBe('one and $(FIRST) and $(NONE)|hello|sesame|unset|p|2|hello|one\n')
  expect(status?.phase).toBe('Succeeded')
})

test('config maps and secrets are files, all of them or chosen ones at chosen paths with their modes', async () => {
  const volumes = [
    { name: 'all', configMap: { name: 'settings' } },
    { name: 'one', configMap: { name: 'settings', items: [{ key: 'app.conf', path: 'deep/renamed', mode: 0o600 }] } },
    { name: 'secret', secret: { secretName: 'settings', defaultMode: 0o640 } },
  ]
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/etc/v-${name}` }))
  const script =
    'cat /etc/v-all/greeting; echo; cat /etc/v-one/deep/renamed; echo; cat /etc/v-secret/password; echo; ' +
    'stat -L -c %a /etc/v-all/greeting /etc/v-one/deep/renamed /etc/v-secret/password; ls /etc/v-one'
  const { text } = await printed({ volumes, containers: [shell(script, { volumeMounts })] })
  expect(text).toBe('hello\na=1\nsesame\n644\n600\n640\ndeep\n')
})

test('an emptyDir is shared by the containers of a pod, by subPath too', async () => {
  const volumes = [{ name: 'shared', emptyDir: {} }]
  const initContainers = [
    shell('mkdir /etc/shared/sub; echo written > /etc/shared/sub/file', { name: 'init', ...mount('shared') }),
  ]
  const volumeMounts = [{ name: 'shared', mountPath: '/etc/below', subPath: 'sub' }]
  const { text } = await printed({
    volumes,
    initContainers,
    containers: [shell('cat /etc/below/file', { volumeMounts })],
  })
  expect(text).toBe('written\n')
})

test('the downward API gives labels as lines and resources in units of the divisor', async () => {
  const items = [
    { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
    { path: 'memory', resourceFieldRef: { containerName: 'main', resource: 'limits.memory', divisor: '1Mi' } },
  ]
  const volumes = [{ name: 'about', downwardAPI: { items } }]
  const resources = { limits: { memory: '64Mi' } }
  const container = shell('cat /etc/about/labels; echo; cat /etc/about/memory', { ...mount('about'), resources })
  const { text } = await printed({ volumes, containers: [container] }, { b: '2', a: 'x' })
  expect(text).toBe('a="x"\nb="2"\n64')
})

test('every pod has a token of its service account, its authority and its namespace', async () => {
  const folder = '/var/run/secrets/kubernetes.io/serviceaccount'
  const { text } = await printed({
    containers: [shell(`cd ${folder}; cat ca.crt; echo; cat namespace; echo; cat token`)],
  })
  const [authority, namespace, token = ''] = text.split('\n')
  expect([authority, namespace]).toEqual(['PEM', 'default'])
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  expect(claims).toMatchObject({
    sub: 'system:serviceaccount:default:default',
    'kubernetes.io': { namespace: 'default', pod: { name: 'p' }, node: { name: 'node1' } },
  })
})

test('a container leaves its last words in its termination message', async () => {
  const { status } = await printed({ containers: [shell('echo out of luck > /dev/termination-log; exit 3')] })
  expect(status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 3, message: 'out of luck\n' })
})

test('where the policy says so, the end of the log stands in for an absent message of a failed container', async () => {
  const terminationMessagePolicy = 'FallbackToLogsOnError'
  const { status } = await printed({ containers: [shell('echo it broke; exit 3', { terminationMessagePolicy })] })
  expect(status?.containerStatuses?.[0]?.state?.terminated?.message).toBe('it broke\n')
})
