import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { createSecureServer, dial, listenOn } from '../wire/secure.ts'
import { createRunTrust } from './run-trust.ts'

const env = systemEnvironment()
const run = createRunTrust(env, 'run-a')
const other = createRunTrust(env, 'run-b')
const accepted: string[] = []
const server = createSecureServer(run.coordinator, ['driver', 'worker'], (socket, role) => {
  accepted.push(role)
  socket.end(`welcome, ${role}`)
})
let address: string

beforeAll(async () => {
  address = `tls:127.0.0.1:${await listenOn(server, 0)}`
})
afterAll(() => void server.close())

const said = async (stream: Duplex): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

test("driver and workers of a run are let in by its coordinator, each as what the run's authority says", async () => {
  expect(await said(dial(address, run.worker, 'coordinator'))).toBe('welcome, worker')
  expect(await said(dial(address, run.driver, 'coordinator'))).toBe('welcome, driver')
})

test('a worker of another run is refused, and refuses in turn', async () => {
  accepted.length = 0
  await expect(said(dial(address, other.worker, 'coordinator'))).rejects.toThrow(/certificate|signature/)
  // Where it does not look at whom it talks to, it is refused all the same.
  const lax = { ...other.worker, authority: run.worker.authority }
  expect(await said(dial(address, lax, 'coordinator')).catch(() => '')).toBe('')
  expect(accepted).toEqual([])
})

test('nobody is taken for what the authority does not say', async () => {
  await expect(said(dial(address, run.driver, 'worker'))).rejects.toThrow('it is "coordinator", expected worker')
  const workersOnly = createSecureServer(run.coordinator, ['worker'], (socket) => socket.end('let in'))
  const port = await listenOn(workersOnly, 0)
  expect(await said(dial(`tls:127.0.0.1:${port}`, run.driver, 'coordinator')).catch(() => '')).toBe('')
  expect(await said(dial(`tls:127.0.0.1:${port}`, run.worker, 'coordinator'))).toBe('let in')
  workersOnly.close()
})

test('somebody without a certificate is cut off before anything is read', async () => {
  accepted.length = 0
  const socket = connect(Number(address.split(':')[2]), '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\n\r\n')
  socket.on('error', () => {})
  await once(socket, 'close')
  expect(accepted).toEqual([])
})
