import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openUser } from './shoal.ts'

const user = openUser()
const kubeconfig = join(user.directory, 'kubeconfig')
const target = ['--kubeconfig', kubeconfig]

const PROGRAM = `import { connect } from 'shoal'
await using shoal = await connect()
const [given = ''] = process.argv.slice(2)
console.log(await shoal.map([1, 2, 3], (n) => {
  if (given === 'where') return process.env.SHOAL_COORDINATOR.split(':')[0]
  if (given === 'fail') throw new RangeError(\`no \${n}\`)
  return n * Number(given)
}))
`

beforeAll(async () => {
  user.write('main.ts', PROGRAM)
  const up = await user.run('up', '--in-memory', '--port', '0', '--detach', '--kubeconfig', kubeconfig)
  expect(up.code).toBe(0)
})

afterAll(async () => {
  await user.run('down', '--all')
  const left = await user.leftovers()
  user[Symbol.dispose]()
  expect(left).toEqual([])
})

test("a program is submitted to a cluster of shoal up, whose output and end are the submitter's to see", async () => {
  const { code, stdout, stderr } = await user.run('submit', '--follow', '--name', 'good', ...target, 'main.ts', '7')
  expect(stderr).toMatch(/^submitted good\n/)
  expect(stdout).toContain('[ 7, 14, 21 ]\n')
  expect(code).toBe(0)
  const logs = await user.run('logs', ...target, 'good')
  expect(logs.stdout).toContain('[ 7, 14, 21 ]\n')
})

test('a submitted program that fails says why, where in its source, and names nothing that went with its pod', async () => {
  const { code, stdout, stderr } = await user.run('submit', '--follow', '--name', 'bad', ...target, 'main.ts', 'fail')
  expect(code).toBe(1)
  expect(stdout).toContain('RangeError: no 1\n')
  expect(stdout).toMatch(/at .*main\.ts:6:\d+/)
  expect(stdout).not.toContain('shoal replay')
  expect(stderr).toContain('bad failed: no 1\n')
})

test('a program that is run on a cluster of shoal up talks to its workers by a socket of this machine', async () => {
  const outcome = await user.run('run', '--quiet', ...target, 'main.ts', 'where')
  expect(outcome).toMatchObject({ code: 0, stdout: "[ 'unix', 'unix', 'unix' ]\n" })
})
