import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { PeerCertificate, SecureContextOptions, Server, TLSSocket } from 'node:tls'
import { parseAddress } from './address.ts'
import { GREETING_MS } from './handshake.ts'

/**
 * Who belongs to a run: its authority's certificate, and what this process shows of its own, all in PEM. Whoever cannot show
 * a certificate of the same authority is not talked to, in either direction.
 */
export interface Trust {
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

/** What somebody of a run is, as the common name of their certificate. */
export type TrustedRole = 'driver' | 'coordinator' | 'worker'

/** The files of a directory in which a run's trust lies, under the names that Kubernetes uses for such Secrets. */
export const TRUST_FILES = { authority: 'ca.crt', certificate: 'tls.crt', key: 'tls.key' } as const

export function readTrust(directory: string): Trust {
  const read = (name: string) => readFileSync(join(directory, name), 'utf8')
  return {
    authority: read(TRUST_FILES.authority),
    certificate: read(TRUST_FILES.certificate),
    key: read(TRUST_FILES.key),
  }
}

/** Dials `unix:/path`, `tcp:host:port`, or `tls:host:port`, which takes `trust` and expects somebody of one of `roles` there. */
export function dial(address: string, trust: Trust | undefined, ...roles: readonly TrustedRole[]): Duplex {
  if (!address.startsWith('tls:')) return net().connect(parseAddress(address))
  if (trust === undefined) throw new Error(`Cannot dial "${address}": nothing to trust is known`)
  return secured(net().connect(parseAddress(address)), trust, ...roles)
}

/** The client's side of TLS over `stream`. What is written before the handshake is over waits for it. */
export function secured(stream: Duplex, trust: Trust, ...roles: readonly TrustedRole[]): TLSSocket {
  const socket = tls().connect({
    ...contextOf(trust),
    socket: stream,
    // Pods have no names: what matters is that the run's authority has said who this is.
    checkServerIdentity: (_host: string, certificate: PeerCertificate) => objectionTo(certificate, roles),
  })
  stream.on('error', (error) => socket.destroy(error))
  return socket
}

/** Accepts those of the run who are one of `roles`; anybody else is cut off before a byte of theirs is read. */
export function createSecureServer(
  trust: Trust,
  roles: readonly TrustedRole[],
  onConnection: (socket: TLSSocket, role: TrustedRole) => void,
): Server {
  const options = { ...contextOf(trust), requestCert: true, rejectUnauthorized: true, handshakeTimeout: GREETING_MS }
  const server = tls().createServer(options, (socket) => {
    const certificate = socket.getPeerCertificate()
    const objection = objectionTo(certificate, roles)
    if (objection !== undefined) return void socket.destroy(objection)
    socket.setNoDelay(true)
    onConnection(socket, certificate.subject.CN as TrustedRole)
  })
  return server
}

/** Starts to listen on any address of this machine; resolves to the port. */
export function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function contextOf({ authority, certificate, key }: Trust): SecureContextOptions {
  return { ca: authority, cert: certificate, key, minVersion: 'TLSv1.3' }
}

function objectionTo({ subject }: PeerCertificate, roles: readonly TrustedRole[]): Error | undefined {
  const name = String(subject?.CN)
  if ((roles as readonly string[]).includes(name)) return undefined
  return new Error(`Cannot trust the other side: it is "${name}", expected ${roles.join(' or ')}`)
}

/** Loaded where they are needed: threads do without both, workers of this machine without TLS. */
const net = () => process.getBuiltinModule('node:net')
const tls = () => process.getBuiltinModule('node:tls')
