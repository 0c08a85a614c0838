import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { systemEnvironment } from '../../src/env/system.ts'
import { openClusterIdentity, SERVER_HOSTS } from '../../src/identity/key-files.ts'
import { pod } from './pods.ts'

/** Answers 2 KB from memory; a body is read and parsed first. */
const answer = Buffer.from(JSON.stringify({ ...pod('bare'), padding: 'x'.repeat(1800) }))
const { certificate: cert, key } = openClusterIdentity(systemEnvironment()).server(SERVER_HOSTS)
const server = createServer({ cert, key, noDelay: true }, (request, response) => {
  const end = () => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': answer.length })
    response.end(answer)
  }
  if (request.method === 'GET') return end()
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString())
    end()
  })
})
server.listen(0, '127.0.0.1', () => console.log(`https://127.0.0.1:${(server.address() as AddressInfo).port}`))
process.once('SIGINT', () => process.exit(0))
