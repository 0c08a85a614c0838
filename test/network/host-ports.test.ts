import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { ContainerPort, Pod } from '../../src/api/generated/core-v1.ts'
import { events, pods } from '../../src/api/generated/resources.ts'
import { until } from '../../src/testing/until.ts'
import { ask, container, MODES, openTestNetwork, pod } from './network.fixture.ts'

const WEB = `require('http').createServer((q, r) => r.end('web ')).listen(8080, '0.0.0.0')`
const ECHO = `const s = require('dgram').createSocket('udp4').on('message', (m, f) => s.send('heard ' + m, f.port, f.address)); s.bind(8081, process.env.SHOAL_BIND_ADDRESS ?? '0.0.0.0')`

const portOf = (hostPort: number, more: Partial<ContainerPort> = {}): ContainerPort[] => [
  { containerPort: 8080, hostPort, ...more },
]
const serving = (code: string, ports: ContainerPort[]) => ({
  terminationGracePeriodSeconds: 1,
  containers: [{ ...container(['node', '-e', code]), ports }],
})

/** Somebody's server on a port of the host's. */
async function anotherServer() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  await using server = await anotherServer()
  return server.port
}

/** Asks until somebody answers: a pod runs before its program listens. */
async function answerAt(port: number): Promise<string> {
  for (;;) {
    const answer = await ask('127.0.0.1', port).catch(() => '')
    if (answer !== '') return answer
  }
}

async function echoAt(port: number): Promise<string> {
  const socket = createSocket('udp4')
  const timer = setInterval(() => socket.send('word', port, '127.0.0.1'), 50)
  const answer = await new Promise<string>((resolve) => socket.once('message', (bytes) => resolve(String(bytes))))
  clearInterval(timer)
  socket.close()
  return answer
}

const names = (all: readonly Pod[]) => all.map(({ metadata }) => metadata.name)
const isRunning = ({ status }: Pod) => status?.phase === 'Running'

for (const mode of MODES) {
  test(`host ports, ${mode}: a port of the node leads to its pod, is nobody else's, and is free once the pod has gone`, async () => {
    await using network = await openTestNetwork(mode)
    const { client } = network
    const [web, echo] = [await freePort(), await freePort()]
    await client.create(pods, pod('web', serving(WEB, portOf(web))))
    await client.create(pods, pod('echo', serving(ECHO, [{ containerPort: 8081, hostPort: echo, protocol: 'UDP' }])))
    expect(await answerAt(web)).toBe('web ')
    expect(await echoAt(echo)).toBe('heard word')

    // The scheduler's NodePorts: at every address of the node and at one of them is the same port.
    await client.create(pods, pod('other', serving(WEB, portOf(web, { hostIP: '127.0.0.1' }))))
    const isRefused = ({ involvedObject, message = '' }: { involvedObject: { name?: string }; message?: string }) =>
      involvedObject.name === 'other' &&
      message.includes("1 node(s) didn't have free ports for the requested pod ports")
    await until(client, events, (all) => all.some(isRefused), { deadlineMs: 30_000 })
    await client.delete(pods, { namespace: 'default', name: 'web' })
    await until(client, pods, (all) => !names(all).includes('web') && all.every(isRunning), { deadlineMs: 30_000 })
    expect(await answerAt(web)).toBe('web ')
    await client.delete(pods, { namespace: 'default', name: 'other' })
    await until(client, pods, (all) => !names(all).includes('other'), { deadlineMs: 30_000 })
    await expect(ask('127.0.0.1', web)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test(`host ports, ${mode}: a port that another program has is told of, and had once it is free`, async () => {
    await using network = await openTestNetwork(mode)
    const { client } = network
    const other = await anotherServer()
    await client.create(pods, pod('web', serving(WEB, portOf(other.port))))
    const why = `port TCP 127.0.0.1:${other.port} of the node cannot be listened on: EADDRINUSE`
    await until(client, events, (all) => all.some(({ message = '' }) => message.includes(why)), { deadlineMs: 30_000 })
    await other[Symbol.asyncDispose]()
    expect(await answerAt(other.port)).toBe('web ')
  })
}
