import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { KubernetesCluster } from './cluster.ts'
import { KubernetesConfigMap } from './config-map.ts'

const folder = mkdtempSync(join(tmpdir(), 'objects-'))
afterAll(() => rmSync(folder, { recursive: true }))

let count = 0
function file(text: string): string {
  const path = join(folder, `${++count}.yaml`)
  writeFileSync(path, text)
  return path
}

test('a config map is parsed from YAML', async () => {
  const path = file(
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, labels: {app: web}}\ndata: {MODE: fast}\n',
  )
  const { name, data, labels } = await KubernetesConfigMap.parse(path)
  expect({ name, data, labels }).toEqual({ name: 'settings', data: { MODE: 'fast' }, labels: { app: 'web' } })
})

test('a config map is parsed from JSON', async () => {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { A: '1' } })
  expect((await KubernetesConfigMap.parse(file(text))).data).toEqual({ A: '1' })
})

describe('a file that is no config map is refused', () => {
  test.each([
    [
      'of another kind',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n',
      'it is a v1 Secret, expected a v1 ConfigMap',
    ],
    ['without a name', 'apiVersion: v1\nkind: ConfigMap\n', 'it has no metadata.name'],
    [
      'with a number',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {PORT: 80}\n',
      'data.PORT is a number',
    ],
    ['empty', '', 'it holds 0 documents, expected one'],
    ['of two documents', 'a: 1\n---\nb: 2\n', 'it holds 2 documents, expected one'],
    ['not YAML', 'a: [1\n', 'expected YAML or JSON'],
    ['a list', '- 1\n', 'it holds no object'],
  ])('%s', async (_title, text, words) => {
    const refused = expect(KubernetesConfigMap.parse(file(text))).rejects
    await refused.toMatchObject({ name: 'ObjectsError', code: 'OBJECTS_FILE', message: expect.stringContaining(words) })
  })

  test('missing', async () => {
    await expect(KubernetesConfigMap.parse(join(folder, 'missing.yaml'))).rejects.toThrow('ENOENT')
  })
})

describe('a file that describes no cluster is refused', () => {
  test.each([
    ['another kind', 'apiVersion: v1\nkind: Pod\n', 'it is a v1 Pod, expected a kubeconfig'],
    [
      'an unknown field',
      'apiVersion: shoal.dev/v1\nkind: Cluster\nspec: {size: 3}\n',
      'spec has "size", expected nodes,',
    ],
    ['a wrong type', 'apiVersion: shoal.dev/v1\nkind: Cluster\nspec: {nodes: "3"}\n', 'spec.nodes is a string'],
    ['a spec that is none', 'apiVersion: shoal.dev/v1\nkind: Cluster\nspec: 3\n', 'spec is a number'],
  ])('%s', async (_title, text, words) => {
    await expect(KubernetesCluster.create(file(text))).rejects.toThrow(words)
  })
})
