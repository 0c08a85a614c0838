import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import { createHttpClient } from '../../src/client/http.ts'
import { formatKubeconfig } from '../../src/client/kubeconfig.ts'
import { openUser } from '../cli/shoal.ts'
import { packagedClient } from '../clients/packaged.ts'
import { COMPARED, comparable } from '../settled/comparable.ts'
import { differencesOf } from '../settled/differences.ts'
import { KUBERNETES_VERSION } from './go-programs.ts'
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

interface Plan {
  readonly name: string
  readonly about: string
  readonly objects: readonly KubeObject[]
  /** Arguments of kubectl, or seconds that are waited. */
  readonly steps: readonly (readonly string[] | number)[]
  /** Fields that the runtimes rightly fill otherwise. */
  readonly without?: readonly string[]
}

/** What was found at the end, and what kubectl was refused on the way. */
interface Outcome {
  readonly settled: readonly KubeObject[]
  readonly refusals: readonly string[]
}

const SCENARIOS = new URL('settled/', import.meta.url)
const KEPT = fileURLToPath(new URL('../../.cache/settled/', import.meta.url))
const PARALLEL = Number(values.parallel)
const kubectl = packagedClient('kubectl') ?? 'kubectl'

async function main(): Promise<number> {
  const missing = values.reference === undefined ? (whyNoReference() ?? whyNoControllers() ?? whyNoNode()) : undefined
  const all = plans().filter(({ name }) => new RegExp(values.only).test(name))
  const isKept = all.every((plan) => keptOf(plan) !== undefined)
  if (missing !== undefined && !isKept) {
    console.log(`skipped: ${missing}`)
    return 0
  }
  await using real = isKept ? undefined : await openReal()
  await using ours = await openOurs()
  let found = 0
  const waiting = [...all]
  const work = async () => {
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift())
      if (await isOtherwise(plan, real?.kubeconfig, ours.kubeconfig)) found += 1
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  console.log(`${all.length} scenarios, ${found} of them settle otherwise`)
  return found === 0 ? 0 : 1
}

function plans(): readonly Plan[] {
  const files = readdirSync(SCENARIOS).filter((name) => name.endsWith('.yaml'))
  const texts = files.map((name) => readFileSync(new URL(name, SCENARIOS), 'utf8'))
  return texts.flatMap((text) =>
    parseAllDocuments(text, { merge: true }).flatMap((document) => document.toJS() as readonly Plan[]),
  )
}

interface Subject extends AsyncDisposable {
  readonly kubeconfig: string
}

async function openReal(): Promise<Subject> {
  if (values.reference !== undefined) return { kubeconfig: values.reference, async [Symbol.asyncDispose]() {} }
  const directory = mkdtempSync(join(tmpdir(), 'settled-'))
  const reference = await startReference({ controllers: true })
  const client = createHttpClient(reference.admin)
  const node = await startNode(reference.server, client)
  const kubeconfig = join(directory, 'kubeconfig')
  writeFileSync(kubeconfig, formatKubeconfig({ name: 'real', endpoint: reference.admin }))
  return {
    kubeconfig,
    async [Symbol.asyncDispose]() {
      client.close()
      await node[Symbol.asyncDispose]()
      await reference[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
}

async function openOurs(): Promise<Subject> {
  if (values.ours !== undefined) return { kubeconfig: values.ours, async [Symbol.asyncDispose]() {} }
  const user = openUser()
  const kubeconfig = join(user.directory, 'kubeconfig')
  const up = user.start(['up', '--in-memory', '--port', '0', '--runtime', values.runtime, '--kubeconfig', kubeconfig])
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

async function isOtherwise(plan: Plan, real: string | undefined, ours: string): Promise<boolean> {
  const [want, got] = await Promise.all([keptOf(plan) ?? playReal(plan, real ?? ''), play(plan, ours)])
  if (values.record) write(plan, want)
  const leniency = { without: plan.without ?? [] }
  const [wanted, reached] = [comparable(want.settled, leniency), comparable(got.settled, leniency)]
  const lines = differencesOf(wanted, reached)
  for (const refusal of want.refusals) if (!got.refusals.includes(refusal)) lines.push(`- refused: ${refusal}`)
  for (const refusal of got.refusals) if (!want.refusals.includes(refusal)) lines.push(`+ refused: ${refusal}`)
  console.log([`${plan.name}: ${lines.length === 0 ? 'alike' : ''}`, ...lines.map((line) => `    ${line}`)].join('\n'))
  return lines.length > 0
}

function fileOf(plan: Plan): string {
  const hash = createHash('sha256').update(JSON.stringify([plan.objects, plan.steps]))
  return join(KEPT, `${plan.name}-${hash.digest('hex').slice(0, 12)}.json`)
}

function keptOf(plan: Plan): Outcome | undefined {
  if (values.again || !existsSync(fileOf(plan))) return undefined
  return JSON.parse(readFileSync(fileOf(plan), 'utf8')) as Outcome
}

async function playReal(plan: Plan, kubeconfig: string): Promise<Outcome> {
  const outcome = await play(plan, kubeconfig)
  mkdirSync(KEPT, { recursive: true })
  writeFileSync(fileOf(plan), JSON.stringify(outcome))
  return outcome
}

/** In a namespace of its own, so that many scenarios share a cluster. */
async function play({ name, objects, steps }: Plan, kubeconfig: string): Promise<Outcome> {
  const namespace = `${name}-${process.pid}`
  const refusals: string[] = []
  const run = async (args: readonly string[], input?: string) => {
    const { error, out } = await kubectlOf(kubeconfig, namespace, args, input)
    if (error !== '')
      refusals.push(error.replaceAll(namespace, '<namespace>').replaceAll(/-[a-z0-9]{5}\b/g, '-<random>'))
    return out
  }
  await run(['create', 'namespace', namespace])
  await run(['wait', '--for=create', 'serviceaccount/default', '--timeout=60s'])
  for (const object of objects) await run(['create', '-f', '-'], JSON.stringify(object))
  for (const step of steps)
    await (typeof step === 'number' ? sleep(step * 1000) : run(step.map((word) => word.replace('{{ns}}', namespace))))
  const kinds = [...COMPARED, 'Event'].map((kind) => kind.toLowerCase())
  const list = (await run(['get', kinds.join(','), '-o', 'json'])).replaceAll(namespace, '{{ns}}')
  await run(['delete', 'namespace', namespace, '--wait=false'])
  return { settled: (JSON.parse(list) as { readonly items: readonly KubeObject[] }).items, refusals }
}

function kubectlOf(kubeconfig: string, namespace: string, args: readonly string[], input = '') {
  return new Promise<{ readonly out: string; readonly error: string }>((resolve) => {
    const whole = ['--kubeconfig', kubeconfig, '--namespace', namespace, ...args]
    const child = execFile(kubectl, whole, { maxBuffer: 1 << 28 }, (error, out, err) =>
      resolve({ out, error: error === null ? '' : `${args.slice(0, 3).join(' ')}: ${err.trim()}` }),
    )
    child.stdin?.end(input)
  })
}

/** In the form of the others that are there. */
function write({ name, about, objects, steps }: Plan, { settled }: Outcome): void {
  const lines = (items: readonly unknown[]) => `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]`
  const kept = settled.map(({ metadata, ...rest }) => {
    const { managedFields: _managedFields, ...others } = metadata as KubeObject['metadata'] & {
      managedFields?: unknown
    }
    return { ...rest, metadata: others }
  })
  const head = JSON.stringify({ name, about, kubernetes: KUBERNETES_VERSION.slice(1) }).slice(0, -1)
  const text = `${head},\n"objects": ${lines(objects)},\n"steps": ${JSON.stringify(steps)},\n"settled": ${lines(kept)}}\n`
  writeFileSync(new URL(`../settled/${name}.json`, import.meta.url), text)
}

process.exitCode = await main()
