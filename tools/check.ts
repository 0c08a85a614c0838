import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { layers } from './layers.ts'
import { readSources } from './source/tree.ts'
import { tidy } from './tidy.ts'

const root = fileURLToPath(new URL('../', import.meta.url))

interface Check {
  readonly name: string
  readonly run: () => Promise<readonly string[]>
}

/** What is formatted already is not read again: a tenth of the time. By content, since branches change dates. */
const CACHE = ['--cache', '--cache-strategy', 'content', '--cache-location', '.cache/prettier']

const checks: readonly Check[] = [
  { name: 'types', run: () => command('node_modules/.bin/tsc', ['-p', '.']) },
  { name: 'lint', run: () => command('node_modules/.bin/oxlint', ['--quiet']) },
  {
    name: 'format',
    run: () => command('node_modules/.bin/prettier', ['--check', '--log-level', 'warn', ...CACHE, '.']),
  },
  { name: 'tidy', run: async () => tidy(readSources(root)) },
  { name: 'layers', run: async () => layers(readSources(root)) },
]

/** Runs a program under this Node; resolves to what it complained of. */
function command(program: string, args: readonly string[]): Promise<readonly string[]> {
  const child = spawn(process.execPath, [program, ...args], { cwd: root })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code === 0 ? [] : Buffer.concat(chunks).toString().trimEnd().split('\n')))
  })
}

/** Runs every check and prints what each found; the exit code is 1 when one found something. */
async function main(): Promise<void> {
  for (const { name, run } of checks) {
    const started = performance.now()
    const offences = await run()
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`${offences.length === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
    for (const offence of offences) console.log(`     ${offence}`)
    if (offences.length > 0) process.exitCode = 1
  }
}

await main()
