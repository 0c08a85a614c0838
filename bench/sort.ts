import { createHash } from 'node:crypto'
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { figure } from './figures.ts'
import { linesFile } from './inputs.ts'
import { root, runProgram } from './program.ts'

const SIZES = [1_000_000, 3_000_000, 10_000_000] as const
/** What the project allows itself at the largest size: seconds, and MB of memory. */
const TARGET = { seconds: 25, megabytes: 512 }

const EXPLANATION = [
  'The limit is GNU sort. What takes the rest: lines become strings and bytes again, twice, since functions of the program may see them',
  'between any two steps; every line is written and read once more than there, by partition, so that any worker may sort it.',
]

/** Lines of 100 bytes sorted, at three sizes; beside GNU sort with two threads and 400 MB. Both outputs are compared. */
export async function run(print: (line: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-sort-'))
  try {
    for (const lines of SIZES) await measure(linesFile(lines), lines, directory, print)
    for (const line of EXPLANATION) print(line)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function measure(path: string, lines: number, directory: string, print: (line: string) => void): Promise<void> {
  const [theirs, ours] = [join(directory, 'gnu.txt'), join(directory, 'shoal')]
  const gnu = ['env', 'LC_ALL=C', 'sort', '--parallel=2', '-S', '400M', '-T', directory, '-o', theirs, path] as const
  const shoal = [`${root}bin/shoal`, 'run', '--quiet', 'bench/programs/sort-lines.ts', path, ours] as const
  const isLargest = lines === SIZES.at(-1)
  print(`${lines / 1e6} million lines of 100 bytes: process start to end`)
  const alone = await runProgram(gnu, { watchMemory: true })
  const watched = await runProgram(shoal, { watchMemory: true })
  const files = readdirSync(ours).map((name) => join(ours, name))
  if ((await hashOf([theirs])) !== (await hashOf(files))) throw new Error('Cannot compare: the two orders differ')
  rmSync(ours, { recursive: true })
  rmSync(theirs)
  print(figure('  GNU sort, two threads, 400 MB', [alone.ms / 1000], 's'))
  const target = isLargest ? { target: TARGET.seconds } : {}
  print(figure('  shoal run, two worker pods', [watched.ms / 1000], 's', { least: alone.ms / 1000, ...target }))
  if (alone.peakPssMb !== undefined) print(figure('  peak memory of GNU sort, PSS', [alone.peakPssMb], 'MB'))
  if (watched.peakPssMb !== undefined) {
    const target = { target: TARGET.megabytes }
    print(figure('  peak memory of shoal, PSS of all processes', [watched.peakPssMb], 'MB', target))
  }
}

async function hashOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
