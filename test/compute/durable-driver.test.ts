import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'shoal-driver-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** `shoal run --name` of a program in a process of its own. */
function run(name: string, program: string, progress: 'quiet' | 'json' = 'quiet') {
  const child = spawn(join(root, 'bin/shoal'), ['run', `--${progress}`, '--threads', '2', '--name', name, program], {
    env: { ...process.env, XDG_STATE_HOME: directory },
    stdio: ['ignore', 'pipe', progress === 'json' ? 'pipe' : 'inherit'],
  })
  let printed = ''
  child.stdout!.on('data', (text: Buffer) => (printed += String(text)))
  return {
    child,
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, printed })),
    /** Resolves at the first event of its progress for which `holds`, told how many of that type there were, or at its end. */
    async when(holds: (event: ProgressEvent, seen: number) => boolean): Promise<void> {
      const seen = new Map<string, number>()
      for await (const line of createInterface(child.stderr!)) {
        if (!line.startsWith('{')) continue
        const event = JSON.parse(line) as ProgressEvent
        seen.set(event.type, (seen.get(event.type) ?? 0) + 1)
        if (holds(event, seen.get(event.type) ?? 0)) return
      }
    },
  }
}

const lines = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [])

/** Each task leaves a line in the file `marks`, and takes a moment. */
const mark = (marks: string) => `
  const { appendFileSync } = await import('node:fs')
  await new Promise((resolve) => setTimeout(resolve, 20))
  appendFileSync(${JSON.stringify(marks)}, \`\${n}\\n\`)`

test.each([0.1, 0.5, 0.9])(
  'a driver that is killed when %f of its tasks are done goes on from there under its name',
  async (share) => {
    const name = `kill-${share * 10}`
    const marks = join(directory, `${name}.marks`)
    const program = join(directory, `${name}.ts`)
    writeFileSync(
      program,
      `import { connect } from 'shoal'
await using shoal = await connect()
const first = await shoal.map(Array.from({ length: 60 }, (_, n) => n), async (n) => {${mark(marks)}
  return n * 2
}, { chunkSize: 1 })
const second = await shoal.map(first, async (n) => {${mark(marks)}
  return n + 1
}, { chunkSize: 1 })
console.log(second.reduce((sum, n) => sum + n, 0))
`,
    )
    const killed = run(name, program)
    while (lines(marks).length < 120 * share) await sleep(10)
    killed.child.kill('SIGKILL')
    await killed.ended
    const before = lines(marks).length
    const { code, printed } = await run(name, program).ended
    expect({ code, printed }).toEqual({ code: 0, printed: `${60 * 59 + 60}\n` })
    // What was with a thread, or on its way back, when the driver was killed is done again: nothing else.
    const after = lines(marks).length
    expect(after).toBeGreaterThanOrEqual(120)
    expect(after).toBeLessThanOrEqual(120 + 6)
    expect(after - before).toBeLessThan(120 - 120 * share + 8)
  },
)

test('a count that was killed in the middle comes to the right numbers', async () => {
  const corpus = join(directory, 'corpus')
  mkdirSync(corpus)
  for (let file = 0; file < 6; file++) writeFileSync(join(corpus, `${file}.txt`), 'one two two\n'.repeat(200_000))
  const program = join(directory, 'count.ts')
  writeFileSync(
    program,
    `import { connect } from 'shoal'
await using shoal = await connect()
const words = shoal.files(${JSON.stringify(`${corpus}/*.txt`)}).flatMap((text) => text.match(/[a-z]+/g) ?? [])
console.log(await words.count())
console.log(await words.countBy((word) => word).top(2, ([, n]) => n))
`,
  )
  const killed = run('count', program)
  await once(killed.child.stdout!, 'data')
  killed.child.kill('SIGKILL')
  await killed.ended
  const { code, printed } = await run('count', program).ended
  expect({ code, printed }).toEqual({ code: 0, printed: "3600000\n[ [ 'two', 2400000 ], [ 'one', 1200000 ] ]\n" })
})

/** Points of a run of two stages of a shuffle whose output is written, by what the driver tells of itself. */
const phases = {
  'in the first task': (event: ProgressEvent) => event.type === 'stage-started',
  'while parts of a shuffle are written': (event: ProgressEvent) => event.type === 'progress' && (event.done ?? 0) > 0,
  'when parts of a shuffle are read': (event: ProgressEvent, seen: number) =>
    event.type === 'stage-started' && seen > 1,
  'at the commit of what was written': (event: ProgressEvent, seen: number) => event.type === 'stage-ended' && seen > 1,
  'while its workers leave': (event: ProgressEvent) => event.type === 'summary',
} as const

interface ProgressEvent {
  readonly type: string
  readonly done?: number
}

test.each(Object.keys(phases) as (keyof typeof phases)[])(
  'a driver that is killed %s, and started again, writes each record once',
  async (phase) => {
    const name = `phase-${Object.keys(phases).indexOf(phase)}`
    const output = join(directory, name)
    const program = join(directory, `${name}.ts`)
    writeFileSync(
      program,
      `import { connect } from 'shoal'
await using shoal = await connect()
const rows = Array.from({ length: 30_000 }, (_, n) => ({ key: (n * 7919) % 500, n }))
await shoal
  .dataset(rows)
  .keyBy(({ key }) => key)
  .reduceByKey((left, right) => ({ key: left.key, n: left.n + right.n }))
  .writeJsonLines(${JSON.stringify(output)}, { overwrite: true })
`,
    )
    const killed = run(name, program, 'json')
    await killed.when(phases[phase])
    killed.child.kill('SIGKILL')
    await killed.ended
    // All or nothing: what a reader finds now is whole, or is not there.
    if (existsSync(output)) expect(sumOf(output)).toSatisfy((sum: number) => sum === 0 || sum === SUM)
    expect((await run(name, program).ended).code).toBe(0)
    expect(sumOf(output)).toBe(SUM)
  },
)

const SUM = (30_000 * 29_999) / 2

/** Of all records in a directory that was written, what is unfinished apart. */
function sumOf(output: string): number {
  const files = readdirSync(output).filter((file) => file.endsWith('.jsonl') && !file.startsWith('.'))
  const records = files.flatMap((file) => lines(join(output, file)).filter((line) => line !== ''))
  return records.reduce((sum, line) => sum + (JSON.parse(line) as [number, { n: number }])[1].n, 0)
}

test('two drivers of one name are one too many', async () => {
  const program = join(directory, 'long.ts')
  writeFileSync(
    program,
    `import { connect } from 'shoal'
await using shoal = await connect()
console.log('begun')
await shoal.map([1], () => new Promise(() => {}))
`,
  )
  const first = run('twice', program)
  await once(first.child.stdout!, 'data')
  expect((await run('twice', program).ended).code).toBe(1)
  first.child.kill('SIGKILL')
  await first.ended
})
