import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { untakenConnections, untakenIn } from './untaken-connections.ts'

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0503A07F:1F90 00000000:0000 0A 00000000:00000012 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0503A07F:1F90 0100007F:9C40 01 00000000:00000007 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
`

test('untaken connections: those that wait at listening sockets, at one address or at all', () => {
  expect([untakenIn(TABLE), untakenIn(TABLE, '127.160.3.5'), untakenIn(TABLE, '127.160.3.6')]).toEqual([21, 18, 0])
})

const HOLDS = `const server = require('node:net').createServer().listen(0, '127.9.9.9', () => {
  require('node:fs').writeSync(1, String(server.address().port))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`

test.skipIf(process.platform !== 'linux')(
  'untaken connections: a program that takes none leaves them waiting',
  async () => {
    const child = spawn(process.execPath, ['-e', HOLDS], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [port] = (await once(child.stdout, 'data')) as [Buffer]
      const clients = [1, 2].map(() => connect(Number(port), '127.9.9.9'))
      await Promise.all(clients.map((client) => once(client, 'connect')))
      expect(untakenConnections(child.pid ?? 'self', '127.9.9.9')).toBe(2)
      for (const client of clients) client.destroy()
    } finally {
      child.kill('SIGKILL')
    }
  },
)
