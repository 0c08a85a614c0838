import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configMaps, jobs, pods } from '../../src/api/generated/resources.ts'
import type { Client } from '../../src/client/client.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { startArrayJob } from '../../src/compute/array-job/array-job.ts'
import type { ArrayJobHost } from '../../src/compute/array-job/array-job.ts'
import type { ArrayJobOptions } from '../../src/compute/array-job/array-job-options.ts'
import { createCluster } from '../../src/cluster/cluster.ts'

const image = `node:${process.versions.node.split('.')[0]}`

let cluster: { readonly client: Client } & AsyncDisposable
let host: ArrayJobHost

beforeAll(async () => {
  cluster = await createCluster()
  host = { client: cluster.client, env: systemEnvironment(), namespace: 'default', collectorImage: image }
})

afterAll(() => cluster[Symbol.asyncDispose]())

const shell = (script: string) => ({ image, command: ['sh', '-c', script] })

test('each index finds its own input, and what it writes comes back in order', async () => {
  const inputs = ['one\n', Buffer.from('two\n'), { three: 3 }]
  const job = await startArrayJob(host, { ...shell('cat "$SHOAL_INPUT"'), inputs })
  const results = await job.succeeded()
  expect(results.map(({ index, outcome, log, exitCode }) => [index, outcome, log, exitCode])).toEqual([
    [0, 'succeeded', 'one\n', 0],
    [1, 'succeeded', 'two\n', 0],
    [2, 'succeeded', '{"three":3}', 0],
  ])
  expect(await job.logs(1)).toBe('two\n')
  expect(await job.why()).toEqual([])
})

test('files that a container leaves are brought home, byte for byte, whatever they are called', async () => {
  const script =
    'mkdir "$SHOAL_OUTPUT/a b"; head -c 300000 /dev/zero > "$SHOAL_OUTPUT/a b/zeros"; printf %s "$JOB_COMPLETION_INDEX" > "$SHOAL_OUTPUT/index"'
  const job = await startArrayJob(host, { ...shell(script), count: 2, collect: true })
  const results = await job.succeeded()
  for (const { index, files } of results) {
    expect([...files.keys()].toSorted()).toEqual(['a b/zeros', 'index'])
    expect(files.get('index')?.toString()).toBe(String(index))
    expect(Buffer.compare(files.get('a b/zeros')!, Buffer.alloc(300_000))).toBe(0)
  }
})

test('output that is too large is a failure that says so', async () => {
  const script = 'head -c 9000000 /dev/zero > "$SHOAL_OUTPUT/zeros"'
  const job = await startArrayJob(host, { ...shell(script), count: 1, collect: true })
  const [result] = await job.results()
  expect(result).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(/OutputLost: its output takes \d+ KiB/),
  })
})

test('an index that fails is tried again by itself, and is a result of its own in the end', async () => {
  const script = 'echo "attempt"; test "$JOB_COMPLETION_INDEX" != 1'
  const job = await startArrayJob(host, { ...shell(script), count: 3, retries: 1 })
  const results = await job.results()
  expect(results.map(({ outcome, attempts }) => [outcome, attempts])).toEqual([
    ['succeeded', 1],
    ['failed', 2],
    ['succeeded', 1],
  ])
  expect(results[1]).toMatchObject({ exitCode: 1, reason: 'Error: exit code 1', log: 'attempt\n' })
  await expect(job.succeeded()).rejects.toMatchObject({ code: 'SHOAL_ARRAY_JOB_FAILED', facts: { failed: [1] } })
})

test('failed indexes are run again with their inputs and numbers', async () => {
  const script = 'cat "$SHOAL_INPUT"; exit $(cat "$SHOAL_INPUT")'
  const job = await startArrayJob(host, { ...shell(script), inputs: ['0', '7', '0', '8'] })
  const again = await job.retry()
  expect((await again.results()).map(({ index, log, exitCode }) => [index, log, exitCode])).toEqual([
    [1, '7', 7],
    [3, '8', 8],
  ])
})

test('a program that is started again finds the job that it had started, and no other of that name', async () => {
  const options: ArrayJobOptions = { ...shell('echo done'), name: 'nightly', inputs: ['a', 'b'] }
  const first = await startArrayJob(host, options)
  await first.succeeded()
  const second = await startArrayJob(host, options)
  expect((await second.succeeded()).map(({ log }) => log)).toEqual(['done\n', 'done\n'])
  const { items } = await cluster.client.list(pods, { labelSelector: 'job-name=nightly' })
  expect(items).toHaveLength(2)
  await expect(startArrayJob(host, { ...options, inputs: ['a', 'c'] })).rejects.toThrow('has another specification')
})

test('a job that is disposed of before its end leaves neither pods nor inputs', async () => {
  {
    await using job = await startArrayJob(host, { ...shell('sleep 1000'), name: 'left', inputs: ['x'] })
    expect(await job.why()).toEqual([expect.stringContaining('0 of 1 indexes have succeeded')])
  }
  await gone(async () => (await cluster.client.list(pods, { labelSelector: 'job-name=left' })).items)
  await gone(
    async () => (await cluster.client.list(configMaps, { fieldSelector: 'metadata.name=left-inputs-0' })).items,
  )
  expect((await cluster.client.list(jobs, { fieldSelector: 'metadata.name=left' })).items).toEqual([])
})

async function gone(list: () => Promise<readonly unknown[]>): Promise<void> {
  await expect.poll(list, { timeout: 20_000 }).toEqual([])
}

test('a deadline ends every index, with the reason', async () => {
  const job = await startArrayJob(host, { ...shell('sleep 1000'), count: 2, deadlineSeconds: 1 })
  const results = await job.results()
  expect(results.map(({ outcome }) => outcome)).toEqual(['failed', 'failed'])
})

describe('what cannot be is refused before anything is made', () => {
  test.each([
    ['neither inputs nor count', {}, 'there are no inputs and count is not given'],
    ['no inputs', { inputs: [] }, 'there are 0 inputs'],
    ['a count that is not that of the inputs', { inputs: ['a'], count: 2 }, 'there are 1 inputs and count is 2'],
    ['an input that is too large', { inputs: ['x'.repeat(1_000_000)] }, 'input 0 has 1333336 bytes in base64'],
  ])('%s', async (_title, options, words) => {
    await expect(startArrayJob(host, { image, name: 'refused', ...options })).rejects.toThrow(words)
    expect((await cluster.client.list(jobs, { fieldSelector: 'metadata.name=refused' })).items).toEqual([])
  })
})
