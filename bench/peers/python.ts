import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { figure } from '../figures.ts'
import { root } from '../program.ts'

const run = promisify(execFile)

/** What is installed of each, and in which version its figures are told. */
const PEERS = [
  { name: 'ray', packages: ['ray==2.60.0'] },
  { name: 'dask', packages: ['dask==2026.8.0', 'distributed==2026.8.0'] },
] as const

const INSTALL_MS = 300_000
const MEASURE_MS = 300_000

/** Ray and Dask at the same work, from PyPI into a directory of the cache; where that cannot be, says so and goes on. */
export async function measurePython(print: (line: string) => void): Promise<void> {
  for (const peer of PEERS) {
    try {
      const path = await installed(peer)
      const script = join(root, 'bench/peers/tasks.py')
      const env = { ...process.env, PYTHONPATH: path, PYTHONWARNINGS: 'ignore' }
      const { stdout } = await run('python3', [script, peer.name], { env, timeout: MEASURE_MS })
      for (const line of stdout.trim().split('\n')) {
        const [what, value, unit] = JSON.parse(line) as [string, number, string]
        print(figure(`${peer.name}: ${what}`, [value], unit))
      }
    } catch (error) {
      const { message, stderr = '' } = error as Error & { readonly stderr?: string }
      const said = stderr.trim().split('\n').at(-1) || message.split('\n')[0]
      print(`${peer.name}: not measured here: ${said}`)
    }
  }
}

/** The directory with the peer's packages, which is there from the second time on. */
async function installed({ name, packages }: (typeof PEERS)[number]): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const directory = join(cache, 'shoal', 'bench-peers', `${name}-${packages[0].split('==')[1]}`)
  const mark = join(directory, '.complete')
  if (existsSync(mark)) return directory
  mkdirSync(directory, { recursive: true })
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', directory, ...packages]
  await run('python3', args, { timeout: INSTALL_MS })
  writeFileSync(mark, '')
  return directory
}
