import { afterEach, beforeEach, expect, test } from 'vitest'
import { openUser } from './shoal.ts'
import type { User } from './shoal.ts'

let user: User

beforeEach(() => void (user = openUser()))

afterEach(async () => {
  const left = await user.leftovers()
  user[Symbol.dispose]()
  expect(left).toEqual([])
})

const ENDLESS = `import { connect } from 'shoal'
await using shoal = await connect()
for await (const n of shoal.imap([1, 2, 3, 4], (n) => (n < 2 ? n : new Promise(() => {})))) console.error('got', n)
`
const LINES = `import { setImmediate } from 'node:timers/promises'
for (;;) {
  process.stdout.write('a line ')
  await setImmediate()
}
`

test('Ctrl-C ends the workers, says so, and the exit code is 130', async () => {
  user.write('endless.ts', ENDLESS)
  const run = user.start(['run', 'endless.ts'])
  await run.says(/got 1/)
  run.process.kill('SIGINT')
  const { code, stderr } = await run.outcome
  expect(code).toBe(130)
  expect(stderr).toContain('interrupted: ending the workers; once more ends at once\n')
  expect(stderr).not.toContain('    at ')
})

test('a second Ctrl-C ends at once and leaves nothing either', async () => {
  user.write('endless.ts', ENDLESS)
  const run = user.start(['run', 'endless.ts'])
  await run.says(/got 1/)
  run.process.kill('SIGINT')
  await run.says(/interrupted/)
  run.process.kill('SIGINT')
  expect((await run.outcome).code).toBe(130)
})

test('SIGTERM ends a run as Ctrl-C does, with exit code 143', async () => {
  user.write('endless.ts', ENDLESS)
  const run = user.start(['run', 'endless.ts'])
  await run.says(/got 1/)
  run.process.kill('SIGTERM')
  expect((await run.outcome).code).toBe(143)
})

test('a run that is killed outright leaves no process and no file', async () => {
  user.write('endless.ts', ENDLESS)
  const run = user.start(['run', 'endless.ts'])
  await run.says(/got 1/)
  run.process.kill('SIGKILL')
  expect((await run.outcome).signal).toBe('SIGKILL')
})

test('a program whose reader has gone ends without a word', async () => {
  user.write('lines.ts', LINES)
  const run = user.start(['run', 'lines.ts'])
  run.process.stdout?.once('data', () => run.process.stdout?.destroy())
  expect(await run.outcome).toMatchObject({ code: 141, stderr: '' })
})

test('a run works without standard input', async () => {
  user.write('works.ts', `console.log('done')\nexport {}\n`)
  expect(await user.start(['run', 'works.ts'], ['ignore', 'pipe', 'pipe']).outcome).toEqual({
    code: 0,
    signal: null,
    stdout: 'done\n',
    stderr: '',
  })
})

test('progress as JSON is one event a line, ending with the stage', async () => {
  user.write(
    'map.ts',
    `import { connect } from 'shoal'\nawait using shoal = await connect()\nawait shoal.map([1], (n) => n)\n`,
  )
  const { code, stdout, stderr } = await user.run('run', '--json', 'map.ts')
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  const events = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { time: string; type: string })
  expect(events.find(({ type }) => type === 'stage-started')).toMatchObject({ stage: expect.any(Number) })
  expect(events.find(({ type }) => type === 'progress')).toMatchObject({ done: 1, total: 1 })
  expect(events.find(({ type }) => type === 'stage-ended')?.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})
