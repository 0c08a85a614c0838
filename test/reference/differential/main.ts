import { parseArgs } from 'node:util'
import { readFileSync } from 'node:fs'
import { openConnection } from '../../../src/client/http/connection.ts'
import type { Connection, Endpoint } from '../../../src/client/http/connection.ts'
import { parseKubeconfig } from '../../../src/client/kubeconfig.ts'
import { startApiServer } from '../../api-server.ts'
import { startReference, whyNoReference } from '../start-reference.ts'
import { BASES } from './bases.ts'
import { MORE_BASES } from './more-bases.ts'
import { prepare, runCases } from './cases.ts'
import type { Difference } from './cases.ts'

const { values } = parseArgs({
  options: {
    kind: { type: 'string' },
    focus: { type: 'string', default: '' },
    verb: { type: 'string', default: '' },
    reference: { type: 'string' },
  },
})

/**
 * `node test/reference/differential/main.ts [--kind Pod,Service] [--focus PATH-RE] [--verb create|update] [--reference KUBECONFIG]`:
 * sends generated requests to a real API server and to ours and prints where the answers differ.
 */
async function main(): Promise<number> {
  if (values.reference === undefined && whyNoReference() !== undefined) {
    console.log(`skipped: ${whyNoReference()}`)
    return 0
  }
  await using ours = await startApiServer()
  await using reference = values.reference === undefined ? await startReference() : undefined
  const real: Endpoint =
    reference?.admin ?? (await parseKubeconfig(readFileSync(values.reference ?? '', 'utf8'))).endpoint
  const pair: readonly [Connection, Connection] = [
    openConnection(real, 'differential'),
    openConnection(ours.admin, 'differential'),
  ]
  const kinds = values.kind?.split(',')
  const namespace = await prepare(pair)
  const totals = { alike: 0, different: 0 }
  for (const base of [...BASES, ...MORE_BASES].filter(
    ({ object }) => kinds === undefined || kinds.includes(String(object['kind'])),
  )) {
    const { asked, differences } = await runCases(pair, namespace, base, {
      focus: new RegExp(values.focus),
      verb: values.verb,
    })
    totals.alike += asked - differences.length
    totals.different += differences.length
    for (const difference of differences) print(difference)
    console.log(`${String(base.object['kind'])}: ${asked - differences.length} alike, ${differences.length} different`)
  }
  for (const connection of pair) connection.close()
  console.log(`${totals.alike} alike, ${totals.different} different`)
  return totals.different === 0 ? 0 : 1
}

function print({ name, lines, mutation }: Difference): void {
  console.log(
    `${name} ${JSON.stringify(mutation?.value)?.slice(0, 60)}\n${lines.map((line) => `    ${line.slice(0, 1500)}`).join('\n')}`,
  )
}

process.exitCode = await main()
