import { createServer } from 'node:http'
import { connect, createServer as createEcho } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { servePortForward } from './serve-port-forward.ts'

/** A server that forwards to whatever port is asked for; resolves to where it listens. */
async function forwarder(ports: readonly number[]) {
  const server = createServer()
  server.on('upgrade', (request, socket, head) => {
    const dial = async (port: number) => connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    servePortForward({ request, socket, head }, ports, dial).catch(() => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

// The kubelet's WebSocket handlers know an empty subprotocol, whose channels are bytes; Python's kr8s relies on it.
test('a client that names no subprotocol gets channels of bytes, each beginning with its port', async () => {
  const echo = createEcho((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
  await new Promise((resolve) => echo.once('listening', resolve))
  const { port } = echo.address() as AddressInfo
  const { url, close } = await forwarder([port])
  const socket = new WebSocket(url)
  const messages: string[] = []
  const echoed = new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('open', () => socket.send(Buffer.from('\0hello')))
    socket.on('message', (message: Buffer) => {
      messages.push(message.toString('hex'))
      if (messages.length === 3) resolve()
    })
  })
  await echoed
  const preamble = Buffer.from([port & 0xff, port >> 8]).toString('hex')
  expect(messages).toEqual([`00${preamble}`, `01${preamble}`, `00${Buffer.from('hello').toString('hex')}`])
  expect(socket.protocol).toBe('')
  socket.terminate()
  close()
  echo.close()
})
