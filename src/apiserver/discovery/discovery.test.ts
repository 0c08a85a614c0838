import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createRegistry } from '../../api/registry.ts'
import { createDiscovery } from './discovery.ts'

interface Recording {
  readonly outcomes: readonly { readonly id: string; readonly body: unknown }[]
}

const file = new URL('../../../test/recordings/discovery.json', import.meta.url)
const recorded = (JSON.parse(readFileSync(file, 'utf8')) as Recording).outcomes
const discovery = createDiscovery(createRegistry(), '127.0.0.1:6443')
const versions = recorded.filter(({ id }) => /^[a-z0-9.]+\/v\d/.test(id)).map(({ id, body }) => [id, body] as const)

test.each([['v1', recorded.find(({ id }) => id === 'core')?.body] as const, ...versions])(
  'the resources of %s are those that Kubernetes 1.34 lists',
  (id, body) => {
    const [group, version] = id.includes('/') ? id.split('/') : ['', id]
    expect(withoutHashes(discovery.resources(group ?? '', version ?? ''))).toEqual(withoutHashes(body))
  },
)

/** Storage version hashes tell migrators which form is stored, which is an affair of the server's own. */
function withoutHashes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, part: unknown) => (key === 'storageVersionHash' ? undefined : part))
}

test('the aggregated documents have every group with its resources and their parts', () => {
  const { items } = discovery.aggregated(true, 'v2') as {
    items: { versions: { resources: { resource: string }[] }[] }[]
  }
  const pods = items[0]?.versions[0]?.resources.find(({ resource }) => resource === 'pods')
  expect(pods).toMatchObject({ scope: 'Namespaced', responseKind: { group: '', version: 'v1', kind: 'Pod' } })
  const groups = discovery.aggregated(false, 'v2') as { items: { metadata: { name: string } }[] }
  expect(groups.items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['apps', 'batch']))
})
