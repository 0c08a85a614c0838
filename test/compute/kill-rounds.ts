import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

/** What it is at when it is struck: that step waits, once, for the file `go`, and says so by the file `paused`. */
const PHASES = ['task', 'shuffle write', 'shuffle read', 'commit'] as const

const PROGRAM = `import { connect } from 'shoal'
await using shoal = await connect({ workers: { count: 2, threads: 1, cpu: '100m' } })
const [phase, directory] = process.argv.slice(2)
const pause = async (at: string) => {
  if (at !== phase) return
  const { existsSync, writeFileSync } = await import('node:fs')
  if (existsSync(directory + '/paused')) return
  writeFileSync(directory + '/paused', '')
  while (!existsSync(directory + '/go')) await new Promise((resolve) => setTimeout(resolve, 5))
}
const rows = await shoal.map(Array.from({ length: ${ROWS} }, (_, n) => n), async (n) => {
  if (n === ${ROWS / 2}) await pause('task')
  return n
})
const { rows: written } = await shoal
  .dataset(rows)
  .map(async (n) => {
    if (n === ${ROWS / 2}) await pause('shuffle write')
    return { key: (n * 7919) % ${KEYS}, n }
  })
  .groupBy(({ key }) => key)
  .map(async ([key, all]) => {
    if (key === ${KEYS / 2}) await pause('shuffle read')
    return { key, count: all.length, sum: all.reduce((sum, { n }) => sum + n, 0) }
  })
  .sort(({ key }) => key)
  .map(async (row) => {
    if (row.key === ${KEYS / 2}) await pause('commit')
    return row
  })
  .writeJsonLines('out', { overwrite: true })
console.log(written)
`

const STRIKES = ['kill driver', 'kill worker', 'freeze worker', 'end worker'] as const

/**
 * Runs a program of a map, two shuffles and a write so many times, and each time kills its driver, or kills, freezes or ends a worker: in
 * every other round at each of its steps in turn, else at a moment that the seed gives. A driver that was killed is started again under
 * its name. Returns a line for each wrong result, each run that did not end, and whatever was left behind.
 */
export async function killRounds(seed: number, rounds: number): Promise<readonly string[]> {
  const random = seeded(seed)
  const faults: string[] = []
  const user = openUser()
  try {
    user.write('main.ts', PROGRAM)
    for (let round = 0; round < rounds; round++) {
      const said = await oneRound(user, `round-${seed}-${round}`, random, plannedIn(seed + round))
      for (const fault of said) faults.push(`round ${round}: ${fault}`)
      for (const name of ['out', 'paused', 'go']) rmSync(join(user.directory, name), { recursive: true, force: true })
    }
  } finally {
    user[Symbol.dispose]()
  }
  return faults
}

/** A strike at a step, for the first life of the round. */
interface Planned {
  readonly strike: (typeof STRIKES)[number]
  readonly phase: (typeof PHASES)[number]
}

/** Rounds of even numbers go through all strikes at all steps. */
function plannedIn(round: number): Planned | undefined {
  if (round % 2 === 1) return undefined
  const at = round / 2
  return {
    strike: STRIKES[at % STRIKES.length]!,
    phase: PHASES[Math.floor(at / STRIKES.length) % PHASES.length]!,
  }
}

async function oneRound(
  user: User,
  name: string,
  random: () => number,
  planned: Planned | undefined,
): Promise<readonly string[]> {
  const { phase = 'none' } = planned ?? {}
  for (let life = 1; ; life++) {
    const drawn = STRIKES[Math.floor(random() * STRIKES.length)]!
    const strike = life === 1 ? (planned?.strike ?? drawn) : drawn
    const afterMs = Math.floor(random() * LONGEST_MS)
    const started = user.start(['run', '--quiet', '--name', name, 'main.ts', phase, user.directory])
    const { process: driver, outcome } = started
    const tooLong = setTimeout(() => driver.kill('SIGKILL'), LIFE_MS)
    const ended = outcome.finally(() => clearTimeout(tooLong))
    const isLast = life === LIVES
    const isAtStep = life === 1 && planned !== undefined
    const moment = isAtStep ? pausedIn(user.directory, ended) : sleep(afterMs)
    const over = await Promise.race([ended.then(() => true), moment.then(() => false)])
    if (!over && !isLast) hit(strike, driver.pid ?? 0, user.directory, random)
    writeFileSync(join(user.directory, 'go'), '')
    const { code, signal, stderr, stdout } = await ended
    if (!over && !isLast && strike === 'kill driver' && signal === 'SIGKILL') continue
    const when = isAtStep ? `at its ${phase}` : `after ${afterMs} ms`
    const what = `${strike} ${when} in life ${life}`
    if (code !== 0) return [`${what}: it ended with ${signal ?? code}: ${stderr}`]
    const left = await user.leftovers()
    return [...wrongIn(join(user.directory, 'out'), stdout), ...left].map((fault) => `${what}: ${fault}`)
  }
}

/** Resolves when the program waits at its step, or has ended. */
async function pausedIn(directory: string, ended: Promise<unknown>): Promise<void> {
  let isOver = false
  void ended.then(() => (isOver = true))
  while (!isOver && !existsSync(join(directory, 'paused'))) await sleep(10)
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
