import { expect, test } from 'vitest'
import type { Pod } from '../../api/generated/core-v1.ts'
import { namespaces, pods, serviceAccounts } from '../../api/generated/resources.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { createAcceptedSpecs } from './accepted-specs.ts'
import { allowAll } from './authorizer.ts'

const TOKEN = 'kube-api-access-'

function podWith(token: string, mounted = token, annotations?: Record<string, string>): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', ...(annotations && { annotations }) },
    spec: {
      volumes: [{ name: 'data', emptyDir: {} }, { name: `${TOKEN}${token}` }],
      containers: [{ name: 'main', image: 'x', volumeMounts: [{ name: `${TOKEN}${mounted}`, mountPath: '/t' }] }],
    },
  } as Pod
}

test.each([
  ['the same', podWith('aaaaa'), true],
  ['one with another name for its token', podWith('bbbbb'), true],
  ['one that mounts another volume than its token', podWith('bbbbb', 'ccccc'), false],
  ['one that mounts the token of the other', podWith('bbbbb', 'aaaaa'), false],
  ['one whose token has no name that admission gives', podWith('B_bbb'), false],
  ['one with an annotation more', podWith('aaaaa', 'aaaaa', { 'sidecar.example/injected': 'yes' }), false],
  ['one with a field more', { ...podWith('bbbbb'), spec: { ...podWith('bbbbb').spec, hostPID: true } } as Pod, false],
  ['one with a field less', { ...podWith('bbbbb'), spec: { volumes: podWith('bbbbb').spec!.volumes } } as Pod, false],
  ['one without a spec', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } } as Pod, false],
])('of an accepted pod, %s is known to be valid or is not', (_, pod, isKnown) => {
  const accepted = createAcceptedSpecs()
  accepted.add('pods', podWith('aaaaa'))
  expect(accepted.includes('pods', pod)).toBe(isKnown)
})

test('a name that another volume has already is not taken for the same volume under another name', () => {
  const accepted = createAcceptedSpecs()
  const named = (pod: Pod): Pod => ({ ...pod, spec: { ...pod.spec!, hostname: `${TOKEN}bbbbb` } })
  accepted.add('pods', named(podWith('aaaaa')))
  expect(accepted.includes('pods', named(podWith('bbbbb')))).toBe(false)
})

test('pods of one template are refused, warned of and accepted as if each were the first', async () => {
  const environment = systemEnvironment('error')
  const server = await createApiServer({ environment, store: createMemoryStore(environment), authorizer: allowAll })
  const warnings: string[] = []
  const user = { name: 'ann', groups: [] }
  const client = createDirectClient(server, { user, warn: (text) => void warnings.push(text) })
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } }).catch(() => {})
  await client.create(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'n' },
  })
  const create = (name: string, image: string, more: object = {}) => {
    const spec = { containers: [{ name: 'main', image }], ...more }
    const metadata = { name, namespace: 'n', labels: { app: 'a' } }
    return client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec } as Pod)
  }
  const invalid = { reason: 'Invalid' }
  const names = async () => (await client.list(pods, { namespace: 'n' })).items.map(({ metadata }) => metadata.name)
  const valid = await create('a', 'x')
  await create('b', 'x')
  await expect(create('c', ' x')).rejects.toMatchObject(invalid)
  await expect(create('c', ' x')).rejects.toMatchObject(invalid)
  await expect(create('UPPER', 'x')).rejects.toMatchObject(invalid)
  await expect(create('b', 'x')).rejects.toMatchObject({ reason: 'AlreadyExists' })
  const old = { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }
  for (const name of ['d', 'e']) await create(name, 'x', old)
  expect(warnings).toHaveLength(2)
  const last = await create('f', 'x')
  expect(await names()).toEqual(['a', 'b', 'd', 'e', 'f'])
  expect(last.metadata.managedFields?.[0]?.fieldsV1).toEqual(valid.metadata.managedFields?.[0]?.fieldsV1)
})
