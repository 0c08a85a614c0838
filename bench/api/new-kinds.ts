import type { CustomResourceDefinition } from '../../src/api/generated/apiextensions-v1.ts'
import { customResourceDefinitions } from '../../src/api/generated/resources.ts'
import type { HttpClient } from '../../src/client/http.ts'
import { figure, median } from '../figures.ts'

const KINDS = 40
const GROUP = 'bench.shoal.dev'

/** From the moment that a definition's creation is acknowledged until the first list of its kind is answered. */
export async function newKinds(print: (line: string) => void, client: HttpClient): Promise<void> {
  const times: number[] = []
  for (let i = 0; i < KINDS; i++) {
    const plural = `bench${i}s`
    await client.create(customResourceDefinitions, definition(plural, `Bench${i}`))
    const acknowledged = performance.now()
    await client.getPath(`/apis/${GROUP}/v1/${plural}`)
    times.push(performance.now() - acknowledged)
    await client.delete(customResourceDefinitions, { name: `${plural}.${GROUP}` })
  }
  print(
    figure('a new kind: from its definition acknowledged to its first answer', [median(times)], 'ms', { target: 5 }),
  )
  print(figure('  the slowest', [Math.max(...times)], 'ms'))
}

function definition(plural: string, kind: string): CustomResourceDefinition {
  const properties = { spec: { type: 'object', properties: { size: { type: 'integer', minimum: 0 } } } }
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object', properties } },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: { group: GROUP, scope: 'Cluster', names: { plural, kind }, versions: [version] },
  } as CustomResourceDefinition
}
