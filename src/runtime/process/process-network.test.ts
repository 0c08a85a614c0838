import { execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { containerSpec, runToEnd, sandboxSpec, textOf } from '../runtime-suite.ts'
import type { Runtime } from '../runtime.ts'
import { createProcessRuntime } from './process-runtime.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

function open() {
  const runtime = createProcessRuntime({ environment: systemEnvironment(), network: 'namespace' })
  return { runtime, [Symbol.asyncDispose]: () => runtime.close() }
}

const ip = (...args: string[]) => execFileSync('ip', args)

/** A machine beyond the host: a network namespace that knows no way to pods, with a server that says who asks. */
async function elsewhere() {
  const name = `else${process.pid}`
  ip('netns', 'add', name)
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  ip('addr', 'add', '198.51.100.1/30', 'dev', name)
  ip('link', 'set', name, 'up')
  ip('-n', name, 'addr', 'add', '198.51.100.2/30', 'dev', 'eth0')
  ip('-n', name, 'link', 'set', 'eth0', 'up')
  const code = `const s = require('node:http').createServer((q, r) => r.end(q.socket.remoteAddress))
    s.listen(0, '198.51.100.2', () => console.log(s.address().port))`
  const server = spawn('ip', ['netns', 'exec', name, process.execPath, '-e', code], { stdio: ['ignore', 'pipe', 2] })
  let url = ''
  for await (const line of createInterface(server.stdout!)) {
    url = `http://198.51.100.2:${line}`
    break
  }
  return {
    url,
    [Symbol.dispose]() {
      server.kill()
      ip('link', 'del', name)
      ip('netns', 'del', name)
    },
  }
}

async function startPod(runtime: Runtime, name: string, code: string) {
  const sandbox = await runtime.startSandbox(sandboxSpec(name))
  const id = await runtime.createContainer(sandbox.id, containerSpec(['node', '-e', code]))
  return { ip: sandbox.ip, id }
}

async function answerFrom(runtime: Runtime, name: string, url: string): Promise<string> {
  const { id } = await startPod(runtime, name, `fetch('${url}').then((r) => r.text()).then(console.log)`)
  await runToEnd(runtime, id)
  return await textOf(runtime, id)
}

/** Listens on 8080 and answers with its own name and the asker's address. */
async function startServer(runtime: Runtime, name: string): Promise<string> {
  const code = `require('node:http').createServer((q, r) => r.end('${name} ' + q.socket.remoteAddress))
    .listen(8080, '0.0.0.0', () => console.log('up'))`
  const pod = await startPod(runtime, name, code)
  await runtime.startContainer(pod.id)
  for await (const _ of runtime.logs(pod.id, { follow: true })) break
  return pod.ip
}

test.runIf(isRoot)("process runtime: a pod reaches beyond the host, under the host's address", async () => {
  using other = await elsewhere()
  await using held = open()
  await held.runtime.podNetwork()
  expect(held.runtime.limitations().map(({ reason }) => reason)).not.toContain('NoOutsideNetwork')
  expect(await answerFrom(held.runtime, 'asker', other.url)).toBe('198.51.100.1\n')
})

test.runIf(isRoot)(
  'process runtime: rules see all that pods and host send, what pods send each other included',
  async () => {
    await using held = open()
    const { runtime } = held
    const { rule, route, hostAddress } = await runtime.podNetwork()
    const server = await startServer(runtime, 'server')
    await rule!(`add table ip t
    add chain ip t c { type nat hook prerouting priority dstnat; }
    add rule ip t c ip daddr 198.18.0.9 tcp dport 80 dnat to ${server}:8080`)
    await route!('198.18.0.0/24')
    expect(await (await fetch('http://198.18.0.9')).text()).toBe(`server ${hostAddress}`)
    expect(await answerFrom(runtime, 'asker', 'http://198.18.0.9')).toMatch(/^server 10\./)
    await expect(rule!('add rule ip no-such-table')).rejects.toThrow("Cannot set up the pods' network")
  },
)

test.runIf(isRoot)('process runtime: the rules for what lies beyond the host go with it', async () => {
  const tables = () => execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).split('\n')
  const held = open()
  const { hostAddress } = await held.runtime.podNetwork()
  const links = execFileSync('ip', ['-o', 'addr', 'show', 'to', hostAddress], { encoding: 'utf8' })
  const link = /shoal\d+/.exec(links)?.[0]
  // Told to a program that goes on by itself.
  await expect.poll(tables, { timeout: 30_000 }).toContain(`table ip ${link}`)
  await held.runtime.close()
  expect(tables()).not.toContain(`table ip ${link}`)
})
