import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../src/store/damage-trial.ts'
import { runRounds } from '../rounds.ts'
import { openUser } from '../cli/shoal.ts'
import type { User } from '../cli/shoal.ts'

const ROWS = 60_000
const KEYS = 500
/** Strikes fall within the time that an undisturbed run takes. */
const LONGEST_MS = 2_500
/** A driver that was killed so often is left alone. */
const LIVES = 4
/** The longest that a life may take, on a machine that others use as well. */
const LIFE_MS = 120_000

const PROGRAM = `import { connect } from 'shoal'
await using shoal = await connect({ workers: { count: 2, threads: 1, cpu: '100m' } })
const rows = Array.from({ length: ${ROWS} }, (_, n) => n)
const { rows: written } = await shoal
  .dataset(rows)
  .map((n) => ({ key: (n * 7919) % ${KEYS}, n }))
  .groupBy(({ key }) => key)
  .map(([key, all]) => ({ key, count: all.length, sum: all.reduce((sum, { n }) => sum + n, 0) }))
  .sort(({ key }) => key)
  .writeJsonLines('out', { overwrite: true })
console.log(written)
`

const STRIKES = ['kill driver', 'kill worker', 'freeze worker', 'end worker'] as const

/**
 * Runs a program of two shuffles and a write so many times, and each time kills its driver, or kills, freezes or ends a worker, at a
 * moment that the seed gives; a driver that was killed is started again under its name. Returns a line for each wrong result,
 * each run that did not end, and whatever was left behind.
 */
export async function killRounds(seed: number, rounds: number): Promise<readonly string[]> {
  const random = seeded(seed)
  const faults: string[] = []
  const user = openUser()
  try {
    user.write('main.ts', PROGRAM)
    for (let round = 0; round < rounds; round++) {
      const said = await oneRound(user, `round-${seed}-${round}`, random)
      for (const fault of said) faults.push(`round ${round}: ${fault}`)
      rmSync(join(user.directory, 'out'), { recursive: true, force: true })
    }
  } finally {
    user[Symbol.dispose]()
  }
  return faults
}

async function oneRound(user: User, name: string, random: () => number): Promise<readonly string[]> {
  for (let life = 1; ; life++) {
    const strike = STRIKES[Math.floor(random() * STRIKES.length)]!
    const afterMs = Math.floor(random() * LONGEST_MS)
    const { process: driver, outcome } = user.start(['run', '--quiet', '--name', name, 'main.ts'])
    const tooLong = setTimeout(() => driver.kill('SIGKILL'), LIFE_MS)
    const ended = outcome.finally(() => clearTimeout(tooLong))
    const isLast = life === LIVES
    const over = await Promise.race([ended.then(() => true), sleep(afterMs, false)])
    if (!over && !isLast) hit(strike, driver.pid ?? 0, user.directory, random)
    const { code, signal, stderr, stdout } = await ended
    if (!over && !isLast && strike === 'kill driver' && signal === 'SIGKILL') continue
    const what = `${strike} after ${afterMs} ms in life ${life}`
    if (code !== 0) return [`${what}: it ended with ${signal ?? code}: ${stderr}`]
    const left = await user.leftovers()
    return [...wrongIn(join(user.directory, 'out'), stdout), ...left].map((fault) => `${what}: ${fault}`)
  }
}

const SIGNALS = { 'kill worker': 'SIGKILL', 'freeze worker': 'SIGSTOP', 'end worker': 'SIGTERM' } as const

function hit(strike: (typeof STRIKES)[number], driver: number, directory: string, random: () => number): void {
  const workers = strike === 'kill driver' ? [driver] : workersOf(directory)
  const pid = workers[Math.floor(random() * workers.length)]
  try {
    if (pid !== undefined) process.kill(pid, strike === 'kill driver' ? 'SIGKILL' : SIGNALS[strike])
  } catch {
    // It ended meanwhile.
  }
}

/** The processes of worker pods: what runs the worker program, and whose coordinator's socket lies below the directory. */
function workersOf(directory: string): readonly number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const isWorker = (pid: string) =>
    read(`/proc/${pid}/cmdline`).endsWith('/worker/worker.mjs\0') && read(`/proc/${pid}/environ`).includes(directory)
  return pids.filter(isWorker).map(Number)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

/** What is not as the program must have left it: each key once, in order, with all of its rows. */
function wrongIn(output: string, stdout: string): readonly string[] {
  if (stdout !== `${KEYS}\n`) return [`it printed ${JSON.stringify(stdout)}, expected ${KEYS}`]
  if (!existsSync(output)) return ['its output is not there']
  const files = readdirSync(output).sort()
  const lines = files.flatMap((file) => readFileSync(join(output, file), 'utf8').split('\n').filter(Boolean))
  const expected = Array.from({ length: KEYS }, (_, key) => JSON.stringify(groupOf(key)))
  const at = expected.findIndex((line, index) => line !== lines[index])
  if (at < 0 && lines.length === KEYS) return []
  return [`line ${at} of ${lines.length} is ${lines[at] ?? 'missing'}, expected ${expected[at] ?? 'none'}`]
}

/** Numbers below ROWS whose product with a number prime to KEYS leaves this key: every KEYS-th. */
function groupOf(key: number) {
  const count = ROWS / KEYS
  let first = 0
  while ((first * 7919) % KEYS !== key) first++
  return { key, count, sum: count * first + KEYS * ((count * (count - 1)) / 2) }
}

/** `node test/compute/kill-rounds.ts --seed N --count N` */
if (import.meta.main) await runRounds(killRounds, 100)
