import { afterAll, expect, test } from 'vitest'
import { openUser } from './shoal.ts'

const user = openUser()
afterAll(() => user[Symbol.dispose]())

test.each([
  [['up', '--eviction-hard', 'memory.available'], 'Cannot use the eviction thresholds: '],
  [['bogus'], 'Cannot read the command line: unknown command "bogus", expected one of those that shoal --help lists'],
  [['stats'], 'Did you mean status?'],
  [['up', '--bogus'], 'Cannot read the command line: unknown option "--bogus", expected what --help shows'],
  [['run'], 'Cannot read the command line: missing required argument "file", expected what --help shows'],
  [['up', '--in-memory', '--data-dir', 'x'], '"--in-memory" cannot be used with option "--data-dir <dir>"'],
  [['up', '--nodes', 'x'], 'Cannot use "x" as a number: it is not one, expected a whole number from 0'],
  [
    ['up', '--port', '70000'],
    'Cannot use "70000" as a number: it is out of range, expected a whole number from 0 to 65535',
  ],
  [['run', '--workers', '0', 'a.ts'], 'Cannot use "0" as a number: it is out of range, expected a whole number from 1'],
  [
    ['run', '--memory', '5quux', 'a.ts'],
    'Cannot use "5quux" as an amount: it is not one, expected a quantity such as 512Mi',
  ],
  [['up', '--runtime', 'foo'], 'Allowed choices are process, docker, cri, simulated'],
])('a command line that cannot be read is a usage error: %j', async (args, said) => {
  const { code, stdout, stderr } = await user.run(...args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(said)
  expect(stderr).toMatch(/^error: .*\n {2}.* \(CLI_USAGE\)\n$/)
})

test.each([[[]], [['run']], [['up']], [['down']], [['status']]])(
  'help is a result, with exit code 0: %j',
  async (command) => {
    const { code, stdout, stderr } = await user.run(...command, '--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Usage: shoal /)
  },
)

test('stopping a cluster where none runs says what does', async () => {
  const { code, stderr } = await user.run('down')
  expect(code).toBe(1)
  expect(stderr).toBe(
    'error: Cannot stop the cluster: none runs on this machine, expected one\n  shoal status lists those that run; shoal up starts one (CLI_NO_CLUSTER)\n',
  )
})
