import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { focusOf } from './tests.ts'
import type { ConformanceTest } from './tests.ts'

export interface TestResult {
  readonly test: ConformanceTest
  readonly passed: boolean
  readonly seconds: number
  /** What the suite says of a failure. */
  readonly failure?: string
}

/** Where and with what the suite runs. */
export interface SuiteOptions {
  readonly program: string
  readonly kubeconfig: string
  readonly kubectl: string
  /** After so many seconds a process is ended, and what it had not come to counts as failed. */
  readonly timeoutSeconds: number
}

/** What of a Ginkgo report is read here. */
interface Report {
  readonly SpecReports: readonly {
    readonly ContainerHierarchyTexts: readonly string[] | null
    readonly LeafNodeText: string
    readonly State: string
    readonly RunTime: number
    readonly Failure?: { readonly Message: string; readonly Location: { FileName: string; LineNumber: number } }
  }[]
}

/** Runs `tests` one after the other in one process of the suite. */
export async function runSuite(
  options: SuiteOptions,
  tests: readonly ConformanceTest[],
): Promise<readonly TestResult[]> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    const said = await runProgram(options, tests, directory)
    const file = await readFile(join(directory, 'report.json'), 'utf8').catch(() => '[]')
    const [report] = JSON.parse(file) as readonly Report[]
    await keepLog(tests, said)
    return tests.map((test) => resultOf(test, report) ?? missing(test, said))
  } finally {
    await rm(directory, { recursive: true })
  }
}

function runProgram(options: SuiteOptions, tests: readonly ConformanceTest[], directory: string): Promise<string> {
  const args = [
    `--kubeconfig=${options.kubeconfig}`,
    '--provider=skeleton',
    `--kubectl-path=${options.kubectl}`,
    '--disable-log-dump',
    '--ginkgo.no-color',
    `--ginkgo.timeout=${options.timeoutSeconds}s`,
    `--ginkgo.json-report=${join(directory, 'report.json')}`,
    `--ginkgo.focus=${focusOf(tests)}`,
  ]
  const child = spawn(options.program, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve(Buffer.concat(chunks).toString()))
  })
}

/** `SHOAL_CONFORMANCE_LOGS` names a folder for the output of each process, to read what led to a failure. */
async function keepLog(tests: readonly ConformanceTest[], said: string): Promise<void> {
  const folder = process.env['SHOAL_CONFORMANCE_LOGS']
  const name = tests[0]?.name.replaceAll(/[^A-Za-z0-9]+/g, '-') ?? 'none'
  if (folder !== undefined) await writeFile(join(folder, `${name.slice(0, 150)}.log`), said)
}

function resultOf(test: ConformanceTest, report: Report | undefined): TestResult | undefined {
  const spec = report?.SpecReports.find(
    ({ ContainerHierarchyTexts, LeafNodeText, State }) =>
      State !== 'skipped' && [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(' ').trim() === test.name,
  )
  if (spec === undefined) return undefined
  const { State, RunTime, Failure } = spec
  const place = Failure && `${Failure.Location.FileName.replace(/.*\/test\//, 'test/')}:${Failure.Location.LineNumber}`
  const failure = Failure && `${Failure.Message.slice(0, 2_000)}\n    at ${place}`
  return { test, passed: State === 'passed', seconds: RunTime / 1e9, ...(failure !== undefined && { failure }) }
}

const missing = (test: ConformanceTest, said: string): TestResult => ({
  test,
  passed: false,
  seconds: 0,
  failure: `it did not run: ${said.slice(-1_000)}`,
})
