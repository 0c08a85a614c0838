import { expect, test } from 'vitest'
import type { PodSpec } from '../../api/generated/core-v1.ts'
import { configMaps, persistentVolumeClaims, persistentVolumes, pods, secrets } from '../../api/generated/resources.ts'
import { keyOf } from '../../api/object.ts'
import { phaseIs, shell, startTestNode } from '../test-node.fixture.ts'
import type { TestNode } from '../test-node.fixture.ts'
import { createPodTokens } from './pod-tokens.ts'

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

test('a changed config map is in the volume as a whole, through one link that is replaced', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const data = { a: 'a1', b: 'b1' }
  await node.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data })
  const volumes = [{ name: 'live', configMap: { name: 'settings' } }]
  const script = 'cd /etc/live; until [ "$(cat a)" = a2 ]; do sleep 0.05; done; cat ..data/c; ls; readlink a'
  await node.run('p', { restartPolicy: 'Never', volumes, containers: [shell(script, mount('live'))] })
  await node.untilPod('p', phaseIs('Running'))
  await node.client.update(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'a2', c: 'c2\n' } })
  await node.untilPod('p', phaseIs('Succeeded'))
  // Kubernetes' own layout: every file is a link through `..data`; `b` has gone with the content before.
  expect(await node.log('p')).toBe('c2\na\nc\n..data/a\n')
})

test('labels that change are in the downward API volume', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }]
  const volumes = [{ name: 'about', downwardAPI: { items } }]
  const script = 'until grep -q after /etc/about/labels; do sleep 0.05; done; cat /etc/about/labels'
  const pod = await node.run('p', { restartPolicy: 'Never', volumes, containers: [shell(script, mount('about'))] })
  await node.untilPod('p', phaseIs('Running'))
  const patch = { metadata: { labels: { stage: 'after' } } }
  await node.client.patch(pods, keyOf(pod), { type: 'merge', patch })
  await node.untilPod('p', phaseIs('Succeeded'))
  expect(await node.log('p')).toBe('stage="after"')
})

test('a claim is the directory of its volume, and what a pod writes there the next one reads', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const directory = `${node.directory}/volume`
  await bindClaim(node, directory)
  const volumes = [{ name: 'kept', persistentVolumeClaim: { claimName: 'kept' } }]
  const write = shell('echo kept > /etc/kept/file', mount('kept'))
  await node.run('writer', { restartPolicy: 'Never', volumes, containers: [write] })
  await node.untilPod('writer', phaseIs('Succeeded'))
  const readOnly = [{ name: 'kept', persistentVolumeClaim: { claimName: 'kept', readOnly: true } }]
  const read = shell('cat /etc/kept/file; touch /etc/kept/more 2>/dev/null || echo read-only', mount('kept'))
  await node.run('reader', { restartPolicy: 'Never', volumes: readOnly, containers: [read] })
  await node.untilPod('reader', phaseIs('Succeeded'))
  expect(await node.log('reader')).toBe('kept\nread-only\n')
})

async function bindClaim({ client }: TestNode, path: string): Promise<void> {
  const size = { storage: '1Mi' }
  const accessModes = ['ReadWriteOnce']
  const claim = await client.create(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'default', name: 'kept' },
    spec: { accessModes, resources: { requests: size }, volumeName: 'volume' },
  })
  const claimRef = { kind: 'PersistentVolumeClaim', ...keyOf(claim), uid: claim.metadata.uid! }
  const spec = { accessModes, capacity: size, claimRef, hostPath: { path, type: 'DirectoryOrCreate' } }
  await client.create(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'volume' },
    spec,
  })
  const patch = { status: { phase: 'Bound' } }
  await client.patch(persistentVolumeClaims, keyOf(claim), { type: 'merge', patch }, { subresource: 'status' })
}

test('a pod waits for its claim to be bound, and says so', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const volumes = [{ name: 'kept', persistentVolumeClaim: { claimName: 'none' } }]
  await node.run('p', { volumes, containers: [shell('true', mount('kept'))] })
  await node.untilEvent('p', 'FailedMount')
  expect(await node.eventsOf('p')).toContain(
    'Warning FailedMount 1 MountVolume.SetUp failed for volume "kept" : persistentvolumeclaim "none" not found',
  )
})

test('subPaths are made where they are missing, expanded, and none leads out of its volume', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const volumes = [{ name: 'shared', emptyDir: {} }]
  const env = [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }]
  const own = shell('echo mine > /own/file; ln -s /etc /all/out; ls /all', {
    env,
    volumeMounts: [
      { name: 'shared', mountPath: '/own', subPathExpr: 'logs/$(POD)' },
      { name: 'shared', mountPath: '/all' },
    ],
  })
  const out = shell('true', { name: 'out', volumeMounts: [{ name: 'shared', mountPath: '/x', subPath: 'out' }] })
  await node.run('p', {
    restartPolicy: 'Never',
    volumes,
    initContainers: [{ ...own, name: 'init' }],
    containers: [out],
  })
  await node.untilEvent('p', 'Failed')
  expect(await node.log('p', 'init')).toBe('logs\nout\n')
  expect((await node.eventsOf('p')).some((line) => line.includes('leads out of it'))).toBe(true)
})

test.skipIf(process.getuid?.() !== 0)('the group of a pod owns its volumes, and may read its token', async () => {
  const folder = '/var/run/secrets/kubernetes.io/serviceaccount'
  const volumes = [
    { name: 'shared', emptyDir: {} },
    { name: 'fast', emptyDir: { medium: 'Memory' } },
  ]
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/etc/${name}` }))
  const script = `stat -c '%a %g' /etc/shared /etc/fast; stat -f -c %T /etc/fast; stat -L -c '%a %g' ${folder}/token; id -G`
  const { text } = await printed({
    volumes,
    securityContext: { fsGroup: 1234 },
    containers: [shell(script, { volumeMounts })],
  })
  // Kubernetes adds 02770 to directories and 0440 to files that nobody may write; tokens are 0600 before.
  expect(text.split('\n').slice(0, 4)).toEqual(['2777 1234', '2777 1234', 'tmpfs', '640 1234'])
  expect(text.split('\n')[4]?.split(' ')).toContain('1234')
})

test('a token is asked for once, and again after four fifths of its life', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const pod = await node.run('p', { containers: [shell('sleep 100')] })
  let nowMs = node.env.clock.now()
  const tokens = createPodTokens(node.nodeClient, { ...node.env.clock, now: () => nowMs })
  const projection = { path: 'token', expirationSeconds: 600 }
  const first = await tokens.tokenFor(pod, projection)
  const renewAt = tokens.refreshAtMs ?? 0
  expect(Math.abs(renewAt - nowMs - 480_000)).toBeLessThan(3_000)
  nowMs = renewAt - 1
  expect(await tokens.tokenFor(pod, projection)).toBe(first)
  nowMs = renewAt + 1
  await tokens.tokenFor(pod, projection)
  expect(tokens.refreshAtMs).toBeGreaterThan(renewAt)
})
