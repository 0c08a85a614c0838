import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Endpoint } from '../../src/client/http/connection.ts'
import { openConnection } from '../../src/client/http/connection.ts'
import { parseKubeconfig } from '../../src/client/kubeconfig.ts'
import { startApiServer } from '../api-server.ts'
import { differences, comparable } from '../replay/normalize.ts'
import type { Json } from '../replay/normalize.ts'
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
  const found = want.map((one, i) => differences(comparable(one), comparable(got[i])))
  found.forEach((lines, i) =>
    lines.forEach((line) => console.log(`${scenario.name}: ${String(want[i]?.['id'])} ${line}`)),
  )
  const different = found.filter((lines) => lines.length > 0).length
  console.log(`${scenario.name}: ${want.length - different} answers alike, ${different} different`)
  if (values.record) write(scenario, want, new Set(want.flatMap(({ id }, i) => (found[i]?.length ? [String(id)] : []))))
  return different
}

/**
 * Writes down what the real server answered. What ours answers otherwise is asked for still, and not looked at. The real one
 * sees some of what is written to it a while later; ours at once, so that it is not waited for.
 */
function write({ name, about, steps }: Scenario, want: readonly Json[], left: ReadonlySet<string>): void {
  const kept = steps
    .filter(({ sleep }) => sleep === undefined)
    .map((step) => (left.has(step.id) ? { ...step, setup: true } : step))
  const outcomes = want.filter(({ id }) => !left.has(String(id)))
  const lines = (items: readonly unknown[]) => `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]`
  const head = JSON.stringify({ name, about, kubernetes: KUBERNETES_VERSION.slice(1) }).slice(0, -1)
  const text = `${head},\n"steps": ${lines(kept)},\n"outcomes": ${lines(outcomes)}}\n`
  writeFileSync(new URL(`../recordings/${name}.json`, import.meta.url), text)
}

process.exitCode = await main()
