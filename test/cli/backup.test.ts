import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configMaps, services } from '../../src/api/generated/resources.ts'
import type { KubeObject } from '../../src/api/object.ts'
import type { ResourceType } from '../../src/api/resource-type.ts'
import { createHttpClient } from '../../src/client/http.ts'
import { parseKubeconfig } from '../../src/client/kubeconfig.ts'
import { openUser } from './shoal.ts'

const KEY = { namespace: 'default', name: 'kept' }
const shoals = { group: 'sea.dev', version: 'v1', kind: 'Shoal', plural: 'shoals', namespaced: true } as ResourceType

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'shoals.sea.dev' },
  spec: {
    group: 'sea.dev',
    scope: 'Namespaced',
    names: { kind: 'Shoal', plural: 'shoals', singular: 'shoal', listKind: 'ShoalList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
}

const configMap = (name: string, value: string): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name }, data: { value } }) as KubeObject

const clientOf = async (file: string) => {
  const { endpoint } = await parseKubeconfig(readFileSync(file, 'utf8'))
  return createHttpClient(endpoint)
}

test('a running cluster is saved, goes back to what it was while it runs, and comes to life in another directory', async () => {
  using user = openUser()
  const up = (directory: string) =>
    user.start(['up', '--api-only', '--port', '0', '--data-dir', directory, '--kubeconfig', `${directory}.conf`])
  const first = up('one')
  await first.says(/ready in/)
  using client = await clientOf(join(user.directory, 'one.conf'))
  const definitions = {
    ...shoals,
    group: 'apiextensions.k8s.io',
    plural: 'customresourcedefinitions',
    namespaced: false,
  }
  await client.create(definitions, definition as unknown as KubeObject)
  await client.create(shoals, { apiVersion: 'sea.dev/v1', kind: 'Shoal', metadata: KEY })
  const kept = await client.create(configMaps, configMap('kept', 'as it was') as never)
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'default', name: 'web' } }
  const { spec } = await client.create(services, { ...service, spec: { ports: [{ port: 80 }] } } as never)
  const saved = await user.run('backup', 'saved.shoal', '--kubeconfig', 'one.conf')
  expect(saved).toMatchObject({ code: 0, stderr: expect.stringMatching(/^saved \d+ objects, .* to saved.shoal\n$/) })
  await client.update(configMaps, configMap('kept', 'changed') as never)
  const later = await client.create(configMaps, configMap('later', '') as never)
  await client.delete(shoals, KEY)
  await client.delete(services, { namespace: 'default', name: 'web' })
  const told: string[] = []
  const seen = Promise.withResolvers<void>()
  await client.watch(
    configMaps,
    { namespace: 'default', resourceVersion: later.metadata.resourceVersion ?? '' },
    {
      events(events) {
        told.push(...events.map(({ type, object }) => `${type} ${object.metadata.name}`))
        if (told.length >= 2) seen.resolve()
      },
      closed: () => {},
    },
  )
  const restored = await user.run('restore', 'saved.shoal', '--kubeconfig', 'one.conf')
  expect(restored).toMatchObject({ code: 0, stderr: expect.stringMatching(/: 2 created, 1 changed, 1 deleted\n$/) })
  const now = await client.get(configMaps, KEY)
  expect(now).toMatchObject({ data: { value: 'as it was' }, metadata: { uid: kept.metadata.uid } })
  expect(Number(now.metadata.resourceVersion)).toBeGreaterThan(Number(later.metadata.resourceVersion))
  await seen.promise
  expect(told.toSorted()).toEqual(['DELETED later', 'MODIFIED kept'])
  expect((await client.get(shoals, KEY)).kind).toBe('Shoal')
  const again = { ...service, metadata: { namespace: 'default', name: 'other' }, spec: { ports: [{ port: 80 }] } }
  const taken = { ...again, spec: { ...again.spec, clusterIP: (spec as { clusterIP: string }).clusterIP } }
  await expect(client.create(services, taken as never)).rejects.toMatchObject({ code: 422 })
  const elsewhere = await user.run('restore', 'saved.shoal', '--data-dir', 'two')
  expect(elsewhere.code).toBe(0)
  first.process.kill('SIGINT')
  await first.outcome
  const second = up('two')
  await second.says(/ready in/)
  using other = await clientOf(join(user.directory, 'two.conf'))
  expect(await other.get(configMaps, KEY)).toMatchObject({ data: { value: 'as it was' } })
  expect((await other.get(shoals, KEY)).kind).toBe('Shoal')
  second.process.kill('SIGINT')
  await second.outcome
})

test('a backup that is cut short or changed is refused before anything is touched, and a stranger may take none', async () => {
  using user = openUser()
  const cluster = user.start(['up', '--in-memory', '--api-only', '--port', '0', '--kubeconfig', 'conf'])
  await cluster.says(/ready in/)
  await user.run('backup', 'saved', '--kubeconfig', 'conf')
  const text = readFileSync(join(user.directory, 'saved'), 'utf8')
  const wrongs = [text.slice(0, -200), text.replace('kube-system', 'kube-sysTem'), 'nothing of the kind\n', '']
  for (const wrong of wrongs) {
    writeFileSync(join(user.directory, 'wrong'), wrong)
    const { code, stderr } = await user.run('restore', 'wrong', '--kubeconfig', 'conf')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^error: Cannot read the backup: .+, expected a whole one\n/) as string,
    })
  }
  const { endpoint } = await parseKubeconfig(readFileSync(join(user.directory, 'conf'), 'utf8'))
  const { clientCertificate: _, clientKey: __, ...anonymous } = endpoint
  const nobody = createHttpClient(anonymous)
  await expect(nobody.getPath('/shoal/backup')).rejects.toMatchObject({ code: 403 })
  nobody.close()
  cluster.process.kill('SIGINT')
  await cluster.outcome
})
