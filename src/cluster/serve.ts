import { networkInterfaces } from 'node:os'
import type { AuditSink } from '../apiserver/audit/audit-log.ts'
import type { HttpServer } from '../apiserver/http/server.ts'
import type { Verbs } from '../apiserver/verbs/verbs.ts'
import type { Endpoint } from '../client/http/connection.ts'
import type { Environment } from '../env/environment.ts'
import type { ClusterIdentity } from '../identity/key-files.ts'
import type { KeyObjects } from '../identity/portable-keys.ts'
import type { AuditOptions } from './audit-options.ts'
import { ClusterError } from './cluster-error.ts'
import type { ControlPlane } from './control-plane.ts'
import { freePort } from '../network/free-port.ts'
import { isLoopback } from './service-range.ts'
import { ADMIN } from './users.ts'

/** A cluster that listens: where, and what its administrator needs to get in. */
export interface Listening {
  readonly server: HttpServer
  readonly endpoint: Endpoint
}

export interface ServeOptions {
  /** What stands between requests and the verbs. */
  readonly around?: (verbs: Verbs) => Verbs
  readonly port: number
  readonly host?: string
  readonly audit?: AuditOptions
  /** The administrator's, where they were begun before. */
  readonly adminKeys?: Promise<KeyObjects>
  /** The address that the API's Service has. */
  readonly serviceAddress: string
  /** Of this machine among its pods, once it is known; undefined where pods find it by themselves. */
  readonly podsAddress: Promise<string | undefined> | undefined
}

/** Serves the API over HTTPS on loopback, or on `host`. Rejects with a {@link ClusterError} where the port is not to be had. */
export async function serve(
  env: Environment,
  plane: ControlPlane,
  identity: ClusterIdentity,
  at: ServeOptions,
): Promise<Listening> {
  // Made beside the rest.
  const issued = identity.portableClient('admin', ADMIN.name, ADMIN.groups.slice(0, 1), at.adminKeys)
  issued.catch(() => {})
  const [{ listen }, { createAuthenticator }, { SERVER_HOSTS }] = await Promise.all([
    import('../apiserver/http/server.ts'),
    import('../apiserver/authn/authenticator.ts'),
    import('../identity/key-files.ts'),
  ])
  const host = at.host ?? '127.0.0.1'
  const { certificate, key } = identity.server([...new Set([...SERVER_HOSTS, host, at.serviceAddress])])
  const clientAuthority = identity.authority.certificate
  const log = at.audit?.log
  const audit = log === undefined ? undefined : await (await import('./audit.ts')).openAudit(env, { ...at.audit, log })
  const options = {
    environment: env,
    verbs: at.around?.(plane.server.verbs) ?? plane.server.verbs,
    catalog: plane.server.registry,
    authenticator: createAuthenticator({ clock: env.clock, tokens: plane.tokens }),
    authorizer: plane.authorizer,
    aggregation: plane.server.aggregation,
    backups: plane.server.backups,
    families: plane.server.families,
    store: plane.server.engine.store,
    ...(audit !== undefined && { audit: audit.sink, ...(audit.policy && { auditPolicy: audit.policy }) }),
    tokenKeys: () => [identity.serviceAccountKey.jwk()],
  }
  const listening = await listen(options, { host, port: at.port, tls: { certificate, key, clientAuthority } }).catch(
    async (error: unknown) => {
      await audit?.sink.close()
      throw explained(error, host, at.port)
    },
  )
  const server = audit === undefined ? listening : closingAfter(listening, audit.sink)
  const { publishServer } = await import('../apiserver/published-server.ts')
  const publish = (address: string | undefined) =>
    publishServer(plane.clientFor(ADMIN), { address, port: server.port, clientAuthority })
  await publish(at.podsAddress === undefined ? addressFor(host) : undefined)
  at.podsAddress
    ?.then(async (address = addressFor(host)) => {
      const { serviceAddress } = at
      // A Service on loopback needs nobody to carry connections to a server of this machine.
      if (isLoopback(serviceAddress)) await server.listenAlso(serviceAddress, freePort(443))
      else if (address !== undefined && !ANY.has(host) && host !== address) await server.listenAlso(address)
      await publish(address)
    })
    .catch((error: unknown) => env.log.debug('pods cannot reach the API server', { error }))
  const admin = await issued
  const endpoint = {
    server: server.url,
    certificateAuthority: clientAuthority,
    clientCertificate: admin.certificate,
    clientKey: admin.key,
  }
  return { server, endpoint }
}

/** The last requests are recorded before the log is closed. */
function closingAfter(server: HttpServer, audit: AuditSink): HttpServer {
  const close = async () => {
    await server.close()
    await audit.close()
  }
  return { ...server, close, [Symbol.asyncDispose]: close }
}

const LOOPBACK = /^(127\.|::1$|localhost$)/
const ANY = new Set(['0.0.0.0', '::'])

/** An address of the machine that pods may be told of: endpoints must not be on loopback. */
function addressFor(host: string): string | undefined {
  if (!LOOPBACK.test(host) && !ANY.has(host)) return host
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address
}

function explained(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    const message = `Cannot listen on "${host}:${port}": the port is in use, expected a free one`
    return new ClusterError('CLUSTER_PORT_IN_USE', message, 'name another with --port, or --port 0 for any free one', {
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    const message = `Cannot listen on "${host}:${port}": ${code}, expected an address and port that this user may take`
    return new ClusterError('CLUSTER_PORT_REFUSED', message, 'name another with --port, such as 6443', { cause: error })
  }
  return error
}
