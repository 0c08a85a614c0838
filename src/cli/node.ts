import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import os from 'node:os'
import type { Endpoint } from '../client/http/connection.ts'
import { joinNode } from '../cluster/join-node.ts'
import type { RuntimeName } from '../cluster/runtimes.ts'
import { systemEnvironment } from '../env/system.ts'
import { CliError } from './cli-error.ts'
import { thresholdsOf } from './eviction-options.ts'
import type { EvictionOptions } from './eviction-options.ts'
import { onInterrupt } from './interrupt.ts'
import { openTarget } from './target-cluster.ts'

export interface NodeOptions extends EvictionOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly name?: string
  readonly address?: string
  readonly port: number
  readonly runtime: RuntimeName
  readonly criEndpoint?: string
  readonly clientCa?: string
  readonly labels: Readonly<Record<string, string>>
  readonly dataDir?: string
}

/** `shoal node`: this machine as a node of any API server, until Ctrl-C. Resolves to the exit code. */
export async function node(options: NodeOptions): Promise<number> {
  const eviction = await thresholdsOf(options, 'node')
  using cluster = await openTarget(options)
  const { client, endpoint } = cluster
  const interrupted = Promise.withResolvers<number>()
  const stopListening = onInterrupt(interrupted.resolve)
  const address = options.address ?? (await addressTowards(endpoint))
  const clientAuthority =
    options.clientCa === undefined ? endpoint.certificateAuthority : await readPem(options.clientCa)
  const { runtime, criEndpoint, labels, dataDir, port } = options
  const name = options.name ?? nameOf(endpoint)
  const joined = await joinNode({
    env: systemEnvironment(),
    client,
    name,
    runtime,
    address,
    labels,
    listen: { host: isLoopback(address) ? address : '0.0.0.0', port },
    ...(clientAuthority !== undefined && { clientAuthority }),
    ...(dataDir !== undefined && { directory: dataDir }),
    ...(criEndpoint !== undefined && { engineEndpoint: criEndpoint }),
    ...(eviction !== undefined && { eviction }),
  })
  try {
    await Promise.race([joined.ready, interrupted.promise])
    process.stderr.write(
      `node "${name}" has joined ${endpoint.server}; its server listens on ${address}:${joined.port}\n`,
    )
    const exitCode = await interrupted.promise
    process.stderr.write('stopping: ending pods\n')
    return exitCode
  } finally {
    await joined.close()
    process.stderr.write('stopped\n')
    stopListening()
  }
}

/** A node's certificate says which node it is for. */
function nameOf({ clientCertificate }: Endpoint): string {
  const subject = clientCertificate === undefined ? '' : new X509Certificate(clientCertificate).subject
  return /CN=system:node:(\S+)/.exec(subject)?.[1] ?? os.hostname().toLowerCase()
}

/** The address of this machine on the way to the API server, by which that reaches it too. */
async function addressTowards({ server }: Endpoint): Promise<string> {
  const { hostname, port, protocol } = new URL(server)
  const defaultPort = protocol === 'https:' ? 443 : 80
  const socket: Socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || defaultPort })
  try {
    await once(socket, 'connect')
    return (socket.localAddress ?? '127.0.0.1').replace(/^::ffff:/, '')
  } finally {
    socket.destroy()
  }
}

const isLoopback = (address: string) => address.startsWith('127.') || address === '::1'

async function readPem(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const message = `Cannot read "${file}" as certificates: ${cause.code}, expected a readable file in PEM`
    throw new CliError(
      'CLI_USAGE',
      message,
      "name the authority of the API server's client certificate with --client-ca",
    )
  })
}
