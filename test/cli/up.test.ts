import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configMaps } from '../../src/api/generated/resources.ts'
import { createHttpClient } from '../../src/client/http.ts'
import { parseKubeconfig } from '../../src/client/kubeconfig.ts'
import { openUser } from './shoal.ts'
import type { User } from './shoal.ts'

let user: User

beforeEach(() => void (user = openUser()))

afterEach(async () => {
  await user.run('down', '--all')
  const left = await user.leftovers()
  user[Symbol.dispose]()
  expect(left).toEqual([])
})

const READY = /ready in \d+ ms.*: https:\/\/127\.0\.0\.1:(\d+)/

async function clientOf(kubeconfig: string) {
  return createHttpClient((await parseKubeconfig(readFileSync(kubeconfig, 'utf8'))).endpoint)
}

test('a detached cluster is listed, keeps its objects over a restart, and stops', async () => {
  expect((await user.run('status')).stderr).toBe('No cluster runs on this machine; shoal up starts one.\n')
  const kubeconfig = join(user.directory, 'data', 'shoal', 'kubeconfig')
  const first = await user.run('up', '--port', '0', '--detach')
  expect(first).toMatchObject({ code: 0, stdout: '', stderr: expect.stringMatching(READY) })
  expect(first.stderr).toContain(`  export KUBECONFIG=${kubeconfig}\n`)
  using client = await clientOf(kubeconfig)
  await client.create(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'default', name: 'kept' },
    data: { a: 'b' },
  })
  const listed = JSON.parse((await user.run('status', '-o', 'json')).stdout) as readonly object[]
  expect(listed).toEqual([
    expect.objectContaining({ readyNodes: 1, pods: {}, dataDirectory: join(user.directory, 'data', 'shoal') }),
  ])
  expect((await user.run('down')).stderr).toMatch(/^stopped https:\/\/127\.0\.0\.1:\d+ \(process \d+\)\n$/)
  expect((await user.run('up', '--port', '0', '--detach')).code).toBe(0)
  using again = await clientOf(kubeconfig)
  expect(await again.get(configMaps, { namespace: 'default', name: 'kept' })).toMatchObject({ data: { a: 'b' } })
})

test('two clusters run at once, and down asks which of them is meant', async () => {
  const one = await user.run('up', '--in-memory', '--port', '0', '--detach')
  const two = await user.run('up', '--in-memory', '--port', '0', '--detach')
  const ports = [one, two].map(({ stderr }) => READY.exec(stderr)?.[1] ?? '')
  const unclear = await user.run('down')
  expect(unclear.code).toBe(2)
  expect(unclear.stderr).toContain('Cannot choose the cluster to stop: 2 run, at ports ')
  expect((await user.run('down', '--port', ports[0] ?? '')).code).toBe(0)
  expect((await user.run('status')).stdout).toContain(`https://127.0.0.1:${ports[1]}`)
})

test('a program runs on the pods of a cluster that runs already', async () => {
  await user.run('up', '--port', '0', '--detach')
  user.write(
    'map.ts',
    `import { connect } from 'shoal'\nawait using shoal = await connect()\nconsole.log(await shoal.map([2], (n) => n * n))\n`,
  )
  const kubeconfig = join(user.directory, 'data', 'shoal', 'kubeconfig')
  const ran = await user.run('run', '-q', '--context', 'shoal', '--kubeconfig', kubeconfig, 'map.ts')
  expect(ran).toMatchObject({ code: 0, stdout: '[ 4 ]\n', stderr: '' })
  const unknown = await user.run('run', '-q', '--context', 'other', '--kubeconfig', kubeconfig, 'map.ts')
  expect(unknown.stderr).toMatch(/^error: Cannot use context "other": the kubeconfig has shoal, expected /)
  await user.run('down')
  const late = await user.run('run', '-q', '--context', 'shoal', '--kubeconfig', kubeconfig, 'map.ts')
  expect(late.code).toBe(1)
  expect(late.stderr).toMatch(
    /^error: Cannot reach "shoal" at https:\S+: nothing listens there, expected an API server that answers\n/,
  )
})

test('what the cluster needs and cannot have is named, with what to do', async () => {
  const { stderr } = await user.run('up', '--port', '0', '--detach')
  const port = READY.exec(stderr)?.[1] ?? ''
  const refused = await Promise.all([
    user.run('up', '--in-memory', '--port', port),
    user.run('up', '--port', '0'),
    user.run('up', '--port', '0', '--data-dir', user.write('file', '')),
    user.run('up', '--port', '0', '--data-dir', join(user.directory, 'file', 'below'), '--detach'),
    user.run('up', '--port', '0', '--data-dir', '/proc/none'),
  ])
  expect(refused.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1])
  expect(refused.map(({ stderr: said }) => /\((\w+)\)\n$/.exec(said)?.[1])).toEqual([
    'CLUSTER_PORT_IN_USE',
    'CLUSTER_DATA_LOCKED',
    'CLUSTER_DATA_UNUSABLE',
    'CLUSTER_DATA_UNUSABLE',
    'CLUSTER_DATA_UNUSABLE',
  ])
  for (const { stderr: said } of refused)
    expect(said).toMatch(/^error: Cannot \w+ .*"[^"]+".*: .+, expected .+\n {2}\S.*\n$/)
})

test('a damaged data directory is refused by name, and left as it is', async () => {
  const store = join(user.directory, 'data', 'shoal', 'store')
  mkdirSync(store, { recursive: true })
  writeFileSync(join(store, 'changes.1'), 'this is no store')
  const { code, stderr } = await user.run('up', '--port', '0')
  expect(code).toBe(1)
  expect(stderr).toMatch(/^error: Cannot .*: .+, expected .+\n {2}.*\(CLUSTER_DATA_DAMAGED\)\n$/)
  expect(readFileSync(join(store, 'changes.1'), 'utf8')).toBe('this is no store')
})

test('a record whose bytes have changed is refused by the name of its object', async () => {
  const data = join(user.directory, 'data', 'shoal')
  await user.run('up', '--port', '0', '--detach')
  using client = await clientOf(join(data, 'kubeconfig'))
  const metadata = { namespace: 'default', name: 'hurt' }
  await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'precious value' } })
  await user.run('down')
  const store = join(data, 'store')
  const file = join(
    store,
    readdirSync(store).find((name) => name.startsWith('changes.'))!,
  )
  const bytes = readFileSync(file)
  bytes[bytes.indexOf('precious value')] = 'P'.charCodeAt(0)
  writeFileSync(file, bytes)
  const { code, stderr } = await user.run('up', '--port', '0')
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^error: Cannot load "changes\.\d+" .*, from "configmaps\/default\/hurt" on, is damaged, expected .+\n {2}.*\(CLUSTER_DATA_DAMAGED\)\n$/,
  )
})

test('Ctrl-C stops a cluster in the foreground, and a killed one leaves nothing behind', async () => {
  const one = user.start(['up', '--in-memory', '--port', '0'])
  await one.says(READY)
  one.process.kill('SIGINT')
  expect(await one.outcome).toMatchObject({ code: 130, stderr: expect.stringContaining('\nstopped\n') })
  const two = user.start(['up', '--in-memory', '--port', '0'])
  await two.says(READY)
  two.process.kill('SIGKILL')
  expect((await two.outcome).signal).toBe('SIGKILL')
  expect((await user.run('status')).stdout).toBe('')
})
