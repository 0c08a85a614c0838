import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('../', import.meta.url))

/** The long lanes: each is a program of the checkout with its arguments, larger in full than as a sample. */
interface Lane {
  readonly name: string
  readonly script: string
  readonly args: (sample: string | undefined) => readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Has no part in a sample. */
  readonly onlyInFull?: boolean
}

const SEEDS = 5_000

const simulation = (scenario: string, sampleCount: number): Lane => ({
  name: `simulate ${scenario}`,
  script: 'sim/run.ts',
  // A sample starts at a seed that its name gives, so that other days try other seeds.
  args: (sample) => {
    const [seed, count] = sample === undefined ? [1, SEEDS] : [Number(sample) * 1_000, sampleCount]
    return ['--scenario', scenario, '--seed', String(seed), '--count', String(count)]
  },
})

/** Kubernetes' own tests; `.ci/run` has a sample of them beside that of the other lanes. */
const conformance: Lane = {
  name: 'conformance',
  script: 'test/conformance/main.ts',
  args: () => ['--reached'],
  onlyInFull: true,
}

/** A program of `test/` with a seed and a count; a sample starts at a seed that its name gives. */
const trial = (name: string, script: string, counts: { readonly sample: number; readonly full: number }): Lane => ({
  name,
  script,
  args: (sample) => {
    const [seed, count] = sample === undefined ? [1, counts.full] : [Number(sample), counts.sample]
    return ['--seed', String(seed), '--count', String(count)]
  },
})

/** Every recorded scenario, and all that a pod may ask for, on every container engine of this machine; such nodes at a real API server. */
const engines: Lane = {
  name: 'pods on engines',
  script: 'node_modules/vitest/vitest.mjs',
  args: () => [
    'run',
    'test/engines/settled.test.ts',
    'test/engines/pod-surroundings.test.ts',
    'test/reference/our-node-on-engines.test.ts',
  ],
  env: { SHOAL_ENGINES: 'all' },
  onlyInFull: true,
}

/** Programs on a real Kubernetes with a real node, where its programs have been built and this machine can run containers. */
const realCluster: Lane = {
  name: 'real cluster',
  script: 'node_modules/vitest/vitest.mjs',
  args: () => ['run', 'test/compute/real-cluster', 'test/compute/real-faults', 'test/reference/our-loops'],
  env: { SHOAL_REAL_CLUSTER: 'all' },
  onlyInFull: true,
}

/** The package as it is published, installed into a project and used there. */
const published: Lane = { name: 'package, installed', script: 'test/package/installed.ts', args: () => [] }

const allLanes: readonly Lane[] = [
  simulation('job', 150),
  simulation('node-lifecycle', 150),
  simulation('workloads', 50),
  simulation('contention', 50),
  trial('SIGKILL under load', 'test/durability/kill-rounds.ts', { sample: 10, full: 200 }),
  trial('images of power cuts', 'test/durability/crash-images.ts', { sample: 100, full: 1_000 }),
  engines,
  { ...trial('kills on engines', 'test/engines/kill-rounds.ts', { sample: 5, full: 200 }), onlyInFull: true },
  trial('kills in the middle of runs', 'test/compute/kill-rounds.ts', { sample: 3, full: 100 }),
  realCluster,
  trial('decoders on inputs at random', 'test/abuse/fuzz.ts', { sample: 1_000, full: 20_000 }),
  published,
  conformance,
]

/** Runs one lane; resolves to whether it passed. Its output is shown where it failed. */
function run(lane: Lane, sample: string | undefined): Promise<boolean> {
  const child = spawn(process.execPath, [lane.script, ...lane.args(sample)], {
    cwd: root,
    env: { ...process.env, ...lane.env },
  })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve) => {
    child.once('close', (code) => {
      if (code !== 0) process.stdout.write(Buffer.concat(chunks).subarray(-20_000))
      resolve(code === 0)
    })
  })
}

/** `node tools/verify.ts`: every lane in full; `--sample N` (a number such as a date): a bounded part that follows from it. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { sample: { type: 'string' } } })
  const lanes = allLanes.filter(({ onlyInFull }) => values.sample === undefined || onlyInFull !== true)
  let failed = 0
  for (const lane of lanes) {
    const started = performance.now()
    const passed = await run(lane, values.sample)
    if (!passed) failed += 1
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`${passed ? 'ok  ' : 'FAIL'} ${lane.name} (${seconds} s)`)
  }
  console.log(`${lanes.length - failed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

await main()
