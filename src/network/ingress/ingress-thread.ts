import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { SecureContext } from 'node:tls'
import { parentPort } from 'node:worker_threads'
import { createIngressServer } from './ingress-server.ts'
import type { IngressCertificate, IngressPorts, IngressTable } from './messages.ts'
import { fitsHost } from './routes.ts'

/** Ports by preference: the usual ones, those that need no privileges, any. */
const HTTP_PORTS = [80, 8080, 0]
const HTTPS_PORTS = [443, 8443, 0]

const { createServer } = process.getBuiltinModule('node:http')
const { createServer: createTlsServer } = process.getBuiltinModule('node:https')
const ingress = createIngressServer()
let certificates: readonly { readonly hosts: readonly string[]; readonly context: SecureContext }[] = []
let http: Promise<number | undefined> | undefined
let https: Promise<number | undefined> | undefined

// One after the other: a table must not overtake the one before it.
let work: Promise<void> = Promise.resolve()
parentPort?.on('message', (table: IngressTable) => {
  work = work.then(() => perform(table))
})

async function perform(table: IngressTable): Promise<void> {
  ingress.table = table
  certificates = table.certificates.flatMap(usable)
  http ??= listen(createServer({ noDelay: true }), table.host, HTTP_PORTS)
  if (certificates.length > 0) https ??= listen(createTlsServer({ SNICallback: choose }), table.host, HTTPS_PORTS)
  const [httpPort, httpsPort] = await Promise.all([http, https])
  const ports: IngressPorts = {
    id: table.id,
    ...(httpPort !== undefined && { http: httpPort }),
    ...(httpsPort !== undefined && { https: httpsPort }),
  }
  parentPort?.postMessage(ports)
}

/** A Secret may hold anything. */
function usable({ hosts, certificate, key }: IngressCertificate) {
  try {
    return [{ hosts, context: createSecureContext({ cert: certificate, key }) }]
  } catch {
    return []
  }
}

function choose(name: string, done: (error: Error | null, context?: SecureContext) => void): void {
  const asked = name.toLowerCase()
  const exact = certificates.find(({ hosts }) => hosts.includes(asked))
  const wild = certificates.find(({ hosts }) => hosts.some((host) => fitsHost(host, asked)))
  done(null, (exact ?? wild ?? certificates[0])?.context)
}

async function listen(server: Server, host: string, ports: readonly number[]): Promise<number | undefined> {
  server.requestTimeout = 0
  server.on('request', ingress.request)
  server.on('upgrade', ingress.upgrade)
  server.on('clientError', (_, socket) => socket.destroy())
  for (const port of ports) {
    server.listen(port, host)
    const failure = await once(server, 'listening').catch((error: Error) => error)
    if (!(failure instanceof Error)) return (server.address() as AddressInfo).port
  }
  return undefined
}
