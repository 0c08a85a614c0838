import { readFileSync, writeFileSync } from 'node:fs'
import type { Column } from '../../src/api/columns/column.ts'
import { createRegistry } from '../../src/api/registry.ts'
import { groupResourceOf } from '../../src/api/resource-type.ts'
import { openConnection } from '../../src/client/http/connection.ts'
import { readAll } from '../../src/client/http/response.ts'
import { parseKubeconfig } from '../../src/client/kubeconfig.ts'
import { startReference } from './start-reference.ts'

/**
 * `node test/reference/record-columns.ts [KUBECONFIG]`: asks a real API server for the columns of each kind that we
 * serve, and writes them down for ours.
 */
const given = process.argv[2]
await using reference = given === undefined ? await startReference() : undefined
const endpoint = reference?.admin ?? (await parseKubeconfig(readFileSync(given ?? '', 'utf8'))).endpoint
const connection = openConnection(endpoint, 'record-columns')

async function columnsAt(path: string): Promise<readonly Column[] | undefined> {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  const response = await connection.send({ method: 'GET', path, accept })
  const body = JSON.parse((await readAll(response)).toString()) as { columnDefinitions?: readonly Column[] }
  return body.columnDefinitions
}

/** What is said of each column in our source: only what is special. */
function shortened({ name, description, format, priority, type }: Column): string {
  const special = {
    ...(type !== 'string' && { type }),
    ...(format !== '' && { format }),
    ...(priority > 0 && { priority }),
  }
  return JSON.stringify({ name, ...special, description })
}

const recorded = new Map<string, readonly string[]>()
let generic: readonly string[] = []
for (const { type } of createRegistry().all()) {
  const { group, version, plural } = type
  const columns = await columnsAt(`${group === '' ? '/api/' : `/apis/${group}/`}${version}/${plural}`)
  const name = type.kind === 'Event' ? 'events' : groupResourceOf(type)
  if (columns === undefined) console.log(`not served there: ${version} ${name}`)
  else if (columns[1]?.name === 'Created At') generic = columns.map(shortened)
  else recorded.set(name, columns.map(shortened))
}
connection.close()

/** Columns that several kinds have are written once. */
const uses = Object.entries(Object.groupBy([...recorded.values()].flat(), (text) => text))
const shared = new Map(
  uses.flatMap(([text, all = []]) => (all.length > 1 ? [text] : [])).map((text, i) => [text, `C${i}`]),
)
const listOf = (texts: readonly string[]) => `[${texts.map((text) => shared.get(text) ?? text).join(', ')}]`
const lines = [
  '// Recorded by test/reference/record-columns.ts; do not edit.',
  "import type { ColumnFacts } from '../columns/column.ts'",
  ...[...shared].map(([text, name]) => `const ${name}: ColumnFacts = ${text}`),
  '',
  '/** The columns of resources that have none of their own. */',
  `export const GENERIC_COLUMNS: readonly ColumnFacts[] = ${listOf(generic)}`,
  '',
  '/** The columns of each resource that has some of its own. */',
  'export const COLUMNS: Readonly<Record<string, readonly ColumnFacts[]>> = {',
  ...[...recorded].map(([name, texts]) => `  '${name}': ${listOf(texts)},`),
  '}',
  '',
]
writeFileSync(new URL('../../src/api/generated/columns.ts', import.meta.url), lines.join('\n'))
console.log(`${recorded.size} kinds`)
