import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { containerSpec, ended, runToEnd, sandboxSpec, textOf } from '../runtime-suite.ts'
import { createProcessRuntime } from './process-runtime.ts'
import type { ProcessRuntimeOptions } from './process-runtime.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

function open(options: Omit<ProcessRuntimeOptions, 'environment'> = {}) {
  const runtime = createProcessRuntime({ environment: systemEnvironment(), ...options })
  const volume = mkdtempSync(path.join(os.tmpdir(), 'volume-'))
  writeFileSync(path.join(volume, 'key'), 'value\n')
  return {
    runtime,
    volume,
    async [Symbol.asyncDispose]() {
      await runtime.close()
      rmSync(volume, { recursive: true, force: true })
    },
  }
}

const PLACES = ['/etc/made-for-a-test', '/var/run/secrets/made-for-a-test/x', '/made-for-a-test', '/opt/made/deeper']

for (const namespaces of [true, false]) {
  const how = namespaces ? 'real mounts' : 'rewritten paths'
  test(`process runtime with ${how}: a volume is found at its mount path, which the host does not see`, async () => {
    await using held = open({ namespaces, network: 'loopback' })
    const sandbox = await held.runtime.startSandbox(sandboxSpec('one'))
    const mounts = PLACES.map((containerPath) => ({ hostPath: held.volume, containerPath, readOnly: false }))
    const command = ['sh', '-c', `cat ${PLACES.map((place) => `${place}/key`).join(' ')} "$FILE"`]
    const env = { FILE: `${PLACES[0]}/key` }
    const id = await held.runtime.createContainer(
      sandbox.id,
      containerSpec(command, { mounts, env, image: 'shoal/host' }),
    )
    expect(await runToEnd(held.runtime, id)).toMatchObject({ exitCode: 0 })
    expect(await textOf(held.runtime, id)).toBe('value\n'.repeat(PLACES.length + 1))
    expect(PLACES.filter((place) => existsSync(place))).toEqual([])
  })
}

test.runIf(isRoot)(
  'process runtime: a place beside its own files hides neither logs nor volumes from the host',
  async () => {
    await using held = open()
    const { runtime, volume } = held
    const sandbox = await runtime.startSandbox(sandboxSpec('one'))
    const places = [path.join(os.tmpdir(), 'made-for-a-test'), '/made-for-a-test']
    for (const [attempt, containerPath] of places.entries()) {
      const mounts = [{ hostPath: volume, containerPath, readOnly: false }]
      const command = ['sh', '-c', `echo logged; echo ${attempt} > ${containerPath}/written`]
      const id = await runtime.createContainer(sandbox.id, containerSpec(command, { mounts, attempt }))
      expect(await runToEnd(runtime, id)).toMatchObject({ exitCode: 0 })
      expect(await textOf(runtime, id)).toBe('logged\n')
      expect(readFileSync(path.join(volume, 'written'), 'utf8')).toBe(`${attempt}\n`)
    }
  },
)

test.runIf(isRoot)('process runtime: a read-only volume refuses writes, and a pod has its own host name', async () => {
  await using held = open()
  const sandbox = await held.runtime.startSandbox(sandboxSpec('one'))
  const mounts = [{ hostPath: held.volume, containerPath: '/made-for-a-test', readOnly: true }]
  const command = ['sh', '-c', 'echo x > /made-for-a-test/key; cat /made-for-a-test/key; uname -n']
  const id = await held.runtime.createContainer(sandbox.id, containerSpec(command, { mounts }))
  await runToEnd(held.runtime, id)
  expect(await textOf(held.runtime, id, 'stdout')).toBe('value\none\n')
  expect(await textOf(held.runtime, id, 'stderr')).toMatch(/Read-only file system/)
})

for (const network of isRoot ? (['namespace', 'loopback'] as const) : (['loopback'] as const)) {
  test(`process runtime with network ${network}: two pods listen on one port, reached by host and pods`, async () => {
    await using held = open({ network })
    const { runtime } = held
    const server = (name: string) =>
      `require('node:http').createServer((q, r) => r.end('${name}')).listen(8080, () => console.log('up'))`
    const ips = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const sandbox = await runtime.startSandbox(sandboxSpec(name))
        const id = await runtime.createContainer(sandbox.id, containerSpec(['node', '-e', server(name)]))
        await runtime.startContainer(id)
        for await (const line of runtime.logs(id, { follow: true })) {
          expect(Buffer.from(line.bytes).toString()).toBe('up\n')
          break
        }
        return sandbox.ip
      }),
    )
    const answers = await Promise.all(ips.map(async (ip) => (await fetch(`http://${ip}:8080`)).text()))
    expect(answers).toEqual(['one', 'two'])
    const asker = await runtime.startSandbox(sandboxSpec('three'))
    const code = `fetch('http://${ips[1]}:8080').then((r) => r.text()).then(console.log)`
    const id = await runtime.createContainer(asker.id, containerSpec(['node', '-e', code]))
    await runToEnd(runtime, id)
    expect(await textOf(runtime, id)).toBe('two\n')
  })
}

test.runIf(isRoot)('process runtime: a container over its memory limit is told apart as OOMKilled', async () => {
  await using held = open()
  const sandbox = await held.runtime.startSandbox(sandboxSpec('one'))
  const limits = { memoryBytes: 64 * 1024 * 1024 }
  const code = 'const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1))'
  const id = await held.runtime.createContainer(sandbox.id, containerSpec(['node', '-e', code], { limits }))
  expect(await runToEnd(held.runtime, id)).toMatchObject({ exitCode: 137, signal: 'SIGKILL', oomKilled: true })
})

test('process runtime: memory and processes of a running container are measured', async () => {
  await using held = open()
  const sandbox = await held.runtime.startSandbox(sandboxSpec('one'))
  const id = await held.runtime.createContainer(sandbox.id, containerSpec(['sh', '-c', 'sleep 600 & echo up; wait']))
  await held.runtime.startContainer(id)
  for await (const _line of held.runtime.logs(id, { follow: true })) break
  const [usage] = await held.runtime.usage(sandbox.id)
  expect(usage).toMatchObject({ name: 'main', processes: 2 })
  expect(usage?.memoryBytes).toBeGreaterThan(0)
  await held.runtime.stopSandbox(sandbox.id)
  expect(await ended(held.runtime, id)).toMatchObject({ exitCode: 137 })
})
