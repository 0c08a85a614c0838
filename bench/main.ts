import { readdirSync } from 'node:fs'
import { writeReport } from './report.ts'
import type { Section } from './report.ts'

/** Every module of this folder that exports `run` is a benchmark; these are the runner's own parts. */
const PARTS = new Set([
  'main',
  'calls',
  'figures',
  'memory',
  'program',
  'report',
  'corpus',
  'inputs',
  'scheduler-shapes',
  'scheduler-end-to-end',
  'network-load',
])

interface Benchmark {
  /** `against`: the address of another server to measure in place of ours, where the benchmark can. */
  run(print: (line: string) => void, options: { readonly against?: string }): Promise<void>
}

const names = readdirSync(import.meta.dirname)
  .flatMap((file) => (file.endsWith('.ts') && !file.endsWith('.test.ts') ? [file.slice(0, -3)] : []))
  .filter((name) => !PARTS.has(name))

/**
 * `npm run bench -- [--write] [--against URL] [NAME...]`: runs those named, or all; with `--write` the figures go to
 * docs/benchmarks.md. `--against` measures another API server (with `BENCH_TOKEN` as bearer token) and writes nothing.
 */
async function main(all: readonly string[]): Promise<number> {
  const at = all.indexOf('--against')
  const against = at < 0 ? undefined : all[at + 1]
  const args = at < 0 ? all : all.toSpliced(at, 2)
  const wanted = args.filter((arg) => !arg.startsWith('-'))
  const unknown = [...wanted.filter((name) => !names.includes(name)), ...args.filter(isUnknownOption)]
  if (unknown.length > 0) {
    console.error(`Cannot measure "${unknown[0]}": unknown, expected --write or any of ${names.join(', ')}`)
    return 2
  }
  const sections: Section[] = []
  for (const name of wanted.length > 0 ? wanted : names) sections.push(await measure(name, against))
  if (args.includes('--write') && against === undefined) console.error(`written: ${writeReport(sections)}`)
  return sections.some(({ failed }) => failed) ? 1 : 0
}

const isUnknownOption = (arg: string) => arg.startsWith('-') && arg !== '--write'

/** One that fails is told and leaves the others their turn. */
async function measure(name: string, against: string | undefined): Promise<Section> {
  const lines: string[] = []
  const print = (line: string) => {
    lines.push(line)
    console.log(line)
  }
  console.log(`\n${name}`)
  try {
    const { run } = (await import(`./${name}.ts`)) as Benchmark
    await run(print, against === undefined ? {} : { against })
    return { name, lines, failed: false }
  } catch (error) {
    console.error(error)
    return { name, lines: [...lines, `failed: ${(error as Error).message.split('\n')[0]}`], failed: true }
  }
}

process.exitCode = await main(process.argv.slice(2))
