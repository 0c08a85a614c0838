import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Endpoint } from '../../src/client/http/connection.ts'
import { openConnection } from '../../src/client/http/connection.ts'
import { parseKubeconfig } from '../../src/client/kubeconfig.ts'
import { startApiServer } from '../api-server.ts'
import { differences, withoutOrder } from '../replay/normalize.ts'
import { replay } from '../replay/replay.ts'
import { KUBERNETES_VERSION } from './go-programs.ts'
import { SCENARIOS } from './scenarios/scenarios.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { startReference, whyNoReference } from './start-reference.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    reference: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
})

/**
 * `node test/reference/record-scenarios.ts [--only NAME-RE] [--reference KUBECONFIG] [--record]`: plays scenarios against a
 * real API server and against ours and prints where the answers differ; with `--record` what the real one answered is
 * written into test/recordings, where the tests replay it.
 */
async function main(): Promise<number> {
  if (values.reference === undefined && whyNoReference() !== undefined) {
    console.log(`skipped: ${whyNoReference()}`)
    return 0
  }
  await using ours = await startApiServer()
  await using reference = values.reference === undefined ? await startReference() : undefined
  const real = reference?.admin ?? (await parseKubeconfig(readFileSync(values.reference ?? '', 'utf8'))).endpoint
  let found = 0
  for (const scenario of SCENARIOS.filter(({ name }) => new RegExp(values.only).test(name))) {
    found += await compareIn(scenario, real, ours.admin)
  }
  return found === 0 ? 0 : 1
}

async function compareIn(scenario: Scenario, real: Endpoint, ours: Endpoint): Promise<number> {
  const recording = { ...scenario, outcomes: [] }
  const namespace = `${scenario.name}-${process.pid}`
  const open = (endpoint: Endpoint) => (headers: object) =>
    openConnection({ ...endpoint, headers: headers as Record<string, string> }, 'unknown')
  const want = await replay(open(real), recording, namespace)
  const got = await replay(open(ours), recording, namespace)
  const lines = want.flatMap((one, i) =>
    differences(withoutOrder(one), withoutOrder(got[i])).map((line) => `${String(one['id'])} ${line}`),
  )
  for (const line of lines) console.log(`${scenario.name}: ${line}`)
  console.log(`${scenario.name}: ${want.length} answers, ${lines.length} differences`)
  if (values.record) {
    const { name, about, steps } = scenario
    const recorded = { name, about, kubernetes: KUBERNETES_VERSION.slice(1), steps, outcomes: want }
    const file = new URL(`../recordings/${name}.json`, import.meta.url)
    writeFileSync(file, `${JSON.stringify(recorded, undefined, 1)}\n`)
  }
  return lines.length
}

process.exitCode = await main()
