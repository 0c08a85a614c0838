import { createHash } from 'node:crypto'
import { request as requestTls } from 'node:https'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { Secret } from '../../src/api/generated/core-v1.ts'
import type { Ingress, IngressSpec } from '../../src/api/generated/networking-v1.ts'
import { ingresses, secrets } from '../../src/api/generated/resources.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { createAuthority } from '../../src/identity/authority.ts'
import { until } from '../../src/testing/until.ts'
import { ask, MODES, openTestNetwork } from './network.fixture.ts'

/** Says who it is and what it was asked for; answers uploads by their hash, and echoes after an upgrade. */
const ECHO = `
const { createServer } = require('node:http')
const { createHash } = require('node:crypto')
const server = createServer((request, response) => {
  const { 'x-forwarded-proto': scheme, 'x-forwarded-host': host } = request.headers
  const hash = createHash('sha256')
  request.on('data', (chunk) => hash.update(chunk))
  request.on('end', () => response.end([process.env.HOSTNAME, request.url, scheme, host, hash.digest('hex')].join(' ')))
})
server.on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: websocket\\r\\n\\r\\n')
  socket.pipe(socket)
})
server.listen(8080, '0.0.0.0')
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

const to = (name: string) => ({ service: { name, port: { number: 80 } } })

async function openIngress(network: Awaited<ReturnType<typeof openTestNetwork>>, spec: IngressSpec) {
  const metadata = { name: 'entry', namespace: 'default' }
  await network.client.create(ingresses, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata,
    spec,
  } as Ingress)
  const isPlaced = (all: readonly Ingress[]) => all.some(({ status }) => status?.loadBalancer?.ingress !== undefined)
  const [entry] = await until(network.client, ingresses, isPlaced)
  const { ip = '', ports } = entry?.status?.loadBalancer?.ingress?.[0] ?? {}
  return { ip, http: ports?.[0]?.port ?? 80, https: ports?.[1]?.port ?? 443, entry }
}

for (const mode of MODES) {
  test(`ingress, ${mode}: hosts and paths, uploads, upgrades, and an answer where there is no backend`, async () => {
    await using network = await openTestNetwork(mode)
    await Promise.all([
      network.deploy('one', 1, ECHO),
      network.deploy('two', 1, ECHO),
      network.serve('one'),
      network.serve('two'),
    ])
    const paths = [
      { path: '/', pathType: 'Prefix', backend: to('one') },
      { path: '/two', pathType: 'Prefix', backend: to('two') },
      { path: '/none', pathType: 'Exact', backend: to('none') },
    ]
    const { ip, http, entry } = await openIngress(network, { rules: [{ host: 'app.example.com', http: { paths } }] })
    expect(entry?.spec?.ingressClassName).toBe('shoal')
    const at = (path: string, host = 'app.example.com') => ask(ip, http, { path, headers: { host } })
    while (!(await at('/two/x')).startsWith('two-')) continue
    expect(await at('/a?b=c')).toMatch(/^one-\S+ \/a\?b=c http app\.example\.com e3b0c442/)
    expect(await at('/none')).toBe('Service Temporarily Unavailable\n')
    expect(await at('/', 'other.example.com')).toBe('default backend - 404\n')
    const body = Buffer.alloc(3_000_000, 'x')
    const uploaded = await ask(ip, http, { headers: { host: 'app.example.com' }, body })
    expect(uploaded.split(' ')[4]).toBe(createHash('sha256').update(body).digest('hex'))
    const socket = connect(http, ip)
    socket.write('GET /ws HTTP/1.1\r\nhost: app.example.com\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    let received = ''
    for await (const chunk of socket) {
      received += chunk
      if (received.endsWith('\r\n\r\n')) socket.write('hello')
      if (received.endsWith('hello')) break
    }
    expect(received).toMatch(/^HTTP\/1\.1 101 [^]*hello$/)
  })

  test(`ingress, ${mode}: certificates of Secrets by name, new ones as soon as they are there`, async () => {
    await using network = await openTestNetwork(mode)
    await Promise.all([network.deploy('one', 1, ECHO), network.serve('one')])
    const authority = createAuthority(systemEnvironment(), 'test')
    const put = async (name: string, host: string) => {
      const { certificate, key } = authority.issueServer(host, [host])
      const base64 = (text: string) => Buffer.from(text).toString('base64')
      const data = { 'tls.crt': base64(certificate), 'tls.key': base64(key) }
      const metadata = { name, namespace: 'default' }
      await network.client.create(secrets, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata,
        type: 'kubernetes.io/tls',
        data,
      } as Secret)
    }
    await put('first', 'a.example.com')
    const { ip, https } = await openIngress(network, {
      defaultBackend: to('one'),
      tls: [
        { hosts: ['a.example.com'], secretName: 'first' },
        { hosts: ['b.example.com'], secretName: 'second' },
      ],
    })
    const get = (servername: string) =>
      new Promise<string>((resolve, reject) => {
        const options = {
          host: ip,
          port: https,
          servername,
          ca: authority.certificate,
          agent: false,
          headers: { host: servername },
        }
        const asked = requestTls(options, async (response) =>
          resolve(Buffer.concat(await response.toArray()).toString()),
        )
        asked.on('error', reject)
        asked.end()
      })
    while (!(await get('a.example.com')).startsWith('one-')) continue
    expect(await get('a.example.com')).toMatch(/^one-\S+ \/ https a\.example\.com /)
    await expect(get('b.example.com')).rejects.toThrow()
    await put('second', 'b.example.com')
    while (!(await get('b.example.com').catch(() => '')).startsWith('one-')) continue
    expect(await get('b.example.com')).toMatch(/ https b\.example\.com /)
  })
}
