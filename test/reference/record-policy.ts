import { readFileSync, writeFileSync } from 'node:fs'
import { openConnection } from '../../src/client/http/connection.ts'
import { parseKubeconfig } from '../../src/client/kubeconfig.ts'
import { ask } from './differential/compare.ts'
import { startReference } from './start-reference.ts'

/**
 * `node test/reference/record-policy.ts [KUBECONFIG]`: asks a new real API server for the roles and bindings that it makes
 * when it starts, and writes them down for ours.
 */
const KINDS = ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings']

interface Listed {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

const given = process.argv[2]
await using reference = given === undefined ? await startReference() : undefined
const endpoint = reference?.admin ?? (await parseKubeconfig(readFileSync(given ?? '', 'utf8'))).endpoint
const connection = openConnection(endpoint, 'record-policy')
const lines: string[] = []
for (const kind of KINDS) {
  const { body } = await ask(connection, { method: 'GET', path: `/apis/rbac.authorization.k8s.io/v1/${kind}` })
  for (const { metadata, ...rest } of (body as { items: readonly Listed[] }).items) {
    const { 'kubernetes.io/bootstrapping': bootstrapped, ...labels } = metadata.labels ?? {}
    if (bootstrapped === undefined) continue
    const { name, namespace } = metadata
    const object = { resource: kind, name, namespace, ...(Object.keys(labels).length > 0 && { labels }), ...rest }
    lines.push(`  ${JSON.stringify(JSON.stringify(object))},`)
  }
}
connection.close()
const head =
  '// Recorded by test/reference/record-policy.ts; do not edit. Each line is read when a new store is filled.'
const source = `${head}\nexport const BOOTSTRAP_POLICY: readonly string[] = [\n${lines.join('\n')}\n]\n`
writeFileSync(new URL('../../src/apiserver/generated/bootstrap-policy.ts', import.meta.url), source)
console.log(`${lines.length} roles and bindings`)
