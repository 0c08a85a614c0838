import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { Packet, UDPServer } from 'dns2'
import { expect, test } from 'vitest'

const PRELOAD = path.join(import.meta.dirname, 'resolve-preload.cjs')
const SERVICE = '127.239.240.7'

/** A name server that knows one name. */
async function nameServer() {
  const asked: string[] = []
  const server = new UDPServer({ type: 'udp4' })
  server.on('request', (query: Packet, send: (response: Packet) => unknown) => {
    const { name = '' } = query.questions[0] ?? {}
    asked.push(name)
    const response = Packet.createResponseFromRequest(query)
    if (name === 'web.ns.svc.cluster.local') {
      response.answers.push({ name, type: Packet.TYPE.A, class: Packet.CLASS.IN, ttl: 1, address: SERVICE } as never)
    } else response.header.rcode = Packet.RCODE.NXDOMAIN
    send(response)
  })
  await server.listen(0, '127.0.0.1')
  return { address: `127.0.0.1:${server.address().port}`, asked, [Symbol.dispose]: () => server.close() }
}

async function run(code: string, env: Record<string, string>): Promise<string> {
  const all = { SHOAL_SEARCH: 'ns.svc.cluster.local svc.cluster.local', SHOAL_NDOTS: '5', ...env }
  const args = ['--require', PRELOAD, '--input-type=module', '-e', code]
  return (await promisify(execFile)(process.execPath, args, { env: all })).stdout
}

const LOOKUP = `import { lookup } from 'node:dns/promises'
  import dns from 'node:dns'
  const answer = (name) => lookup(name).then(({ address }) => address, ({ code }) => code)
  console.log(await answer('web'), await answer('web.ns.svc.cluster.local'), await answer('localhost'))
  dns.lookup('web', (error, address, family) => console.log(address, family))
  dns.lookup('web', { all: true }, (error, all) => console.log(JSON.stringify(all)))`

test("resolver of unprivileged pods: names are tried in the pod's searches, then as they are", async () => {
  using server = await nameServer()
  expect(await run(LOOKUP, { SHOAL_RESOLVER: server.address })).toBe(
    `${SERVICE} ${SERVICE} 127.0.0.1\n${SERVICE} 4\n[{"address":"${SERVICE}","family":4}]\n`,
  )
  expect(server.asked.slice(0, 4)).toEqual([
    'web.ns.svc.cluster.local',
    'web.ns.svc.cluster.local.ns.svc.cluster.local',
    'web.ns.svc.cluster.local.svc.cluster.local',
    'web.ns.svc.cluster.local',
  ])
})

test('resolver of unprivileged pods: a name server that is not there yet leaves names to the machine', async () => {
  const code = `import { lookup } from 'node:dns/promises'
    console.log((await lookup('localhost', 4)).address, await lookup('none.invalid').catch(({ code }) => code))`
  expect(await run(code, { SHOAL_RESOLVER: '127.239.240.10:9' })).toMatch(/^127\.0\.0\.1 E(NOTFOUND|AI_AGAIN)\n$/)
})

test('resolver of unprivileged pods: a low port of a Service that is named is where the balancer has it', async () => {
  using server = await nameServer()
  const web = createServer((request, response) => response.end(request.headers.host))
  await new Promise<void>((resolve) => web.listen(0, SERVICE, resolve))
  const shift = (web.address() as AddressInfo).port - 80
  const code = `console.log(await (await fetch('http://web/')).text(), await (await fetch('http://${SERVICE}')).text())`
  const env = {
    SHOAL_RESOLVER: server.address,
    SHOAL_PORT_SHIFT: String(shift),
    NODE_OPTIONS: `--require ${JSON.stringify(path.join(import.meta.dirname, 'connect-preload.cjs'))}`,
  }
  expect(await run(code, env)).toBe(`web ${SERVICE}\n`)
  web.close()
})
