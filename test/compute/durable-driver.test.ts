import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'shoal-driver-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** `shoal run --name` of a program in a process of its own. */
function run(name: string, program: string) {
  const child = spawn(join(root, 'bin/shoal'), ['run', '--quiet', '--threads', '2', '--name', name, program], {
    env: { ...process.env, XDG_STATE_HOME: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (text: Buffer) => (printed += String(text)))
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, printed })) }
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
  await once(killed.child.stdout, 'data')
  killed.child.kill('SIGKILL')
  await killed.ended
  const { code, printed } = await run('count', program).ended
  expect({ code, printed }).toEqual({ code: 0, printed: "3600000\n[ [ 'two', 2400000 ], [ 'one', 1200000 ] ]\n" })
})

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
  await once(first.child.stdout, 'data')
  expect((await run('twice', program).ended).code).toBe(1)
  first.child.kill('SIGKILL')
  await first.ended
})
