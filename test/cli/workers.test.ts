import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openUser } from './shoal.ts'

const user = openUser()

afterAll(async () => {
  const left = await user.leftovers()
  user[Symbol.dispose]()
  expect(left).toEqual([])
})

/** A program whose second item does something to its worker: the first time that it is tried, or each time. */
function programThat(act: string, times: 'once' | 'always'): string {
  return `import { connect } from 'shoal'
import { existsSync, writeFileSync } from 'node:fs'
await using shoal = await connect()
const marker = ${JSON.stringify(join(user.directory, 'tried'))} + process.argv[2]
const results = await shoal.map([1, 2, 3], (n) => {
  if (n === 2 && (${times === 'always'} || !existsSync(marker))) {
    writeFileSync(marker, '')
    ${act}
  }
  return n * n
})
console.log(results)
`
}

const ENDS = {
  exit: `console.log('last words'); process.exit(7)`,
  kill: `process.kill(process.pid, 'SIGKILL')`,
  fill: `for (const held = []; ; ) held.push(Buffer.alloc(16_000_000, 1))`,
}

test.each(['exit', 'kill', 'fill'] as const)('work whose worker ends once is done by another: %s', async (end) => {
  user.write('once.ts', programThat(ENDS[end], 'once'))
  const { code, stdout, stderr } = await user.run('run', '--memory', '200Mi', 'once.ts', end)
  expect({ code, stdout }).toEqual({ code: 0, stdout: '[ 1, 4, 9 ]\n' })
  expect(stderr).toMatch(/^lost: .* on node node1 /m)
  expect(stderr).toMatch(/^1 pod, .*, 1 lost; \d+\.\d s in all$/m)
})

test('work that always exits its thread fails with a record of each time', async () => {
  user.write('always.ts', programThat(ENDS.exit, 'always'))
  const { code, stderr } = await user.run('run', '-q', 'always.ts', 'a')
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^error: Cannot run "map always.ts:5" on item 1: 3 workers lost, the last: a thread of run-\S+ on node node1 exited with code 7\n/,
  )
  for (const n of [1, 2, 3])
    expect(stderr).toMatch(new RegExp(`^ {2}loss ${n}: a thread of run-\\S+ on node node1 exited with code 7$`, 'm'))
  expect(stderr).toContain(
    '  The function ends its own thread: look for process.exit in it and in what it calls (SHOAL_WORKER_LOST)\n',
  )
})

// The kubelet holds a container's third start back for 10 s.
test('work that is always killed fails with pod, node and signal', { timeout: 90_000 }, async () => {
  user.write('always.ts', programThat(ENDS.kill, 'always'))
  const { code, stderr } = await user.run('run', '-q', 'always.ts', 'b')
  expect(code).toBe(1)
  expect(stderr).toMatch(/^error: Cannot run "map always.ts:5" on item 1: 3 workers lost, .* was killed by SIGKILL/)
  expect(stderr).toMatch(/^ {2}loss 3: run-\S+ on node node1 was killed by SIGKILL \(exit code 137\)/m)
})

test('work that always fills its memory fails with the limit and what to do', async () => {
  user.write('always.ts', programThat(ENDS.fill, 'always'))
  const { code, stderr } = await user.run('run', '-q', '--memory', '200Mi', 'always.ts', 'c')
  expect(code).toBe(1)
  expect(stderr).toMatch(/ran out of memory .*its limit is 200 MiB/)
  expect(stderr).toContain('Give the workers more memory')
})
