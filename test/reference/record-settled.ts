import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import { createHttpClient } from '../../src/client/http.ts'
import { formatKubeconfig } from '../../src/client/kubeconfig.ts'
import { openUser } from '../cli/shoal.ts'
import { comparable } from '../settled/comparable.ts'
import { differencesOf } from '../settled/differences.ts'
import { KUBERNETES_VERSION } from './go-programs.ts'
import { play, playOnNodes } from './play-scenario.ts'
import type { Outcome, Plan } from './play-scenario.ts'
import { startNode, whyNoNode } from './start-node.ts'
import { startReference, whyNoControllers, whyNoReference } from './start-reference.ts'

/**
 * `node test/reference/record-settled.ts [--only NAME-RE] [--runtime process|docker|cri|simulated] [--reference KUBECONFIG]
 * [--ours KUBECONFIG] [--again] [--record]`: plays the scenarios of `settled/*.yaml` on a real cluster with a real node and on
 * ours, and prints where they settle otherwise. What the real one settled into is kept in `.cache/settled` until the scenario
 * changes (or with `--again`); with `--record` it is written into test/settled, where the tests replay it.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    runtime: { type: 'string', default: 'process' },
    reference: { type: 'string' },
    ours: { type: 'string' },
    again: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    parallel: { type: 'string', default: '6' },
  },
})

const SCENARIOS = new URL('settled/', import.meta.url)
const KEPT = fileURLToPath(new URL('../../.cache/settled/', import.meta.url))
const PARALLEL = Number(values.parallel)

async function main(): Promise<number> {
  const all = plans().filter(({ name }) => new RegExp(values.only).test(name))
  const isKept = all.every((plan) => keptOf(plan) !== undefined)
  const isSimulated = ({ nodes }: Plan) => nodes !== undefined
  const missing =
    isKept || values.reference !== undefined ? undefined : whyNotPlayed(all.some((plan) => !isSimulated(plan)))
  if (missing !== undefined) {
    console.log(`skipped: ${missing}`)
    return 0
  }
  const found = (await playAll(all.filter((plan) => !isSimulated(plan)))) + (await playAlone(all.filter(isSimulated)))
  console.log(`${all.length} scenarios, ${found} of them settle otherwise`)
  return found === 0 ? 0 : 1
}

const whyNotPlayed = (onRealNode: boolean): string | undefined =>
  whyNoReference() ?? whyNoControllers() ?? (onRealNode ? whyNoNode() : undefined)

/** Beside one another on a cluster with a real node. Resolves to how many settle otherwise. */
async function playAll(all: readonly Plan[]): Promise<number> {
  if (all.length === 0) return 0
  await using real = all.every((plan) => keptOf(plan) !== undefined) ? undefined : await openReal(true)
  await using ours = await openOurs(['--runtime', values.runtime])
  let found = 0
  const waiting = [...all]
  const work = async () => {
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
      const [want, got] = await Promise.all([
        keptOf(plan) ?? keep(plan, await play(plan, real?.kubeconfig ?? '')),
        play(plan, ours.kubeconfig),
      ])
      if (isOtherwise(plan, want, got)) found += 1
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  return found
}

/** One after the other, each on simulated nodes of its own. Resolves to how many settle otherwise. */
async function playAlone(all: readonly Plan[]): Promise<number> {
  if (all.length === 0) return 0
  await using real = all.every((plan) => keptOf(plan) !== undefined) ? undefined : await openReal(false)
  await using ours = await openOurs(['--runtime', 'simulated', '--nodes', '0'])
  let found = 0
  for (const plan of all) {
    const [want, got] = await Promise.all([
      keptOf(plan) ?? playOnNodes(plan, real?.kubeconfig ?? '').then((outcome) => keep(plan, outcome)),
      playOnNodes(plan, ours.kubeconfig),
    ])
    if (isOtherwise(plan, want, got)) found += 1
  }
  return found
}

function plans(): readonly Plan[] {
  const files = readdirSync(SCENARIOS).filter((name) => name.endsWith('.yaml'))
  const texts = files.map((name) => readFileSync(new URL(name, SCENARIOS), 'utf8'))
  return texts.flatMap((text) =>
    parseAllDocuments(text, { merge: true }).flatMap(
      (document) => document.toJS({ maxAliasCount: -1 }) as readonly Plan[],
    ),
  )
}

interface Subject extends AsyncDisposable {
  readonly kubeconfig: string
}

async function openReal(withNode: boolean): Promise<Subject> {
  if (values.reference !== undefined) return { kubeconfig: values.reference, async [Symbol.asyncDispose]() {} }
  const directory = mkdtempSync(join(tmpdir(), 'settled-'))
  const reference = await startReference({ controllers: true })
  const client = createHttpClient(reference.admin)
  const node = withNode ? await startNode(reference.server, client) : undefined
  const kubeconfig = join(directory, 'kubeconfig')
  writeFileSync(kubeconfig, formatKubeconfig({ name: 'real', endpoint: reference.admin }))
  return {
    kubeconfig,
    async [Symbol.asyncDispose]() {
      client.close()
      await node?.[Symbol.asyncDispose]()
      await reference[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
}

async function openOurs(args: readonly string[]): Promise<Subject> {
  if (values.ours !== undefined) return { kubeconfig: values.ours, async [Symbol.asyncDispose]() {} }
  const user = openUser()
  const kubeconfig = join(user.directory, 'kubeconfig')
  const up = user.start(['up', '--in-memory', '--port', '0', '--kubeconfig', kubeconfig, ...args])
  await up.says(/^ready in/m)
  return {
    kubeconfig,
    async [Symbol.asyncDispose]() {
      up.process.kill('SIGTERM')
      await up.outcome
      user[Symbol.dispose]()
    },
  }
}

function isOtherwise(plan: Plan, want: Outcome, got: Outcome): boolean {
  if (values.record) write(plan, want)
  const leniency = { without: plan.without ?? [], also: plan.also ?? [] }
  const [wanted, reached] = [comparable(want.settled, leniency), comparable(got.settled, leniency)]
  const lines = differencesOf(wanted, reached)
  for (const refusal of want.refusals) if (!got.refusals.includes(refusal)) lines.push(`- refused: ${refusal}`)
  for (const refusal of got.refusals) if (!want.refusals.includes(refusal)) lines.push(`+ refused: ${refusal}`)
  console.log([`${plan.name}: ${lines.length === 0 ? 'alike' : ''}`, ...lines.map((line) => `    ${line}`)].join('\n'))
  return lines.length > 0
}

function fileOf(plan: Plan): string {
  const hash = createHash('sha256').update(JSON.stringify([plan.objects, plan.steps, plan.nodes, plan.also]))
  return join(KEPT, `${plan.name}-${hash.digest('hex').slice(0, 12)}.json`)
}

function keptOf(plan: Plan): Outcome | undefined {
  if (values.again || !existsSync(fileOf(plan))) return undefined
  return JSON.parse(readFileSync(fileOf(plan), 'utf8')) as Outcome
}

function keep(plan: Plan, outcome: Outcome): Outcome {
  mkdirSync(KEPT, { recursive: true })
  writeFileSync(fileOf(plan), JSON.stringify(outcome))
  return outcome
}

/** In the form of the others that are there. */
function write({ name, about, nodes, also, objects, steps }: Plan, { settled }: Outcome): void {
  const lines = (items: readonly unknown[]) => `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]`
  const kept = settled.map(({ metadata, ...rest }) => {
    const { managedFields: _managedFields, ...others } = metadata as KubeObject['metadata'] & {
      managedFields?: unknown
    }
    return { ...rest, metadata: others }
  })
  const head = JSON.stringify({ name, about, kubernetes: KUBERNETES_VERSION.slice(1), nodes, also }).slice(0, -1)
  const text = `${head},\n"objects": ${lines(objects)},\n"steps": ${JSON.stringify(steps)},\n"settled": ${lines(kept)}}\n`
  writeFileSync(new URL(`../settled/${name}.json`, import.meta.url), text)
}

process.exitCode = await main()
