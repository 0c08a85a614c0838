import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { Node } from '../api/generated/core-v1.ts'
import { nodes } from '../api/generated/resources.ts'
import { ApiError, apiError } from '../api/meta/status.ts'
import type { ContainerAddress, NodeStreams, PodAddress } from '../apiserver/subresources/node-streams.ts'
import type { Client, LogOptions } from '../client/client.ts'
import { openConnection, tlsOptions } from '../client/http/connection.ts'
import type { Endpoint } from '../client/http/connection.ts'
import { failureOf, readAll } from '../client/http/response.ts'
import { openCommand } from '../client/streams/command.ts'
import { connectToPort } from '../client/streams/port-forward.ts'
import { dialSpdy } from '../client/streams/spdy-connection.ts'
import type { KeyPair } from '../identity/authority.ts'
import type { NodeUse } from '../runtime/usage.ts'
import type { CommandStreams, StartCommand } from '../streams/remote-command/command.ts'
import { UpgradeError } from '../streams/remote-command/serve-command.ts'
import { useOf } from './remote-use.ts'
import type { Summary } from './remote-use.ts'

/** Nodes on other machines, which have joined by themselves: reached through their servers, as Kubernetes reaches kubelets. */
export function createRemoteNodes(client: Client, identity: () => KeyPair): Required<NodeStreams> {
  const endpointOf = async (name: string): Promise<Endpoint> => {
    const { certificate, key } = identity()
    const server = serverOf(await client.get(nodes, { name }))
    // Nodes sign for themselves; that they are who they say is known by their answer to our certificate alone.
    return { server, clientCertificate: certificate, clientKey: key, insecureSkipTlsVerify: true }
  }
  const command = async (what: string, address: ContainerAddress, wanted: CommandStreams, words: readonly string[]) => {
    const endpoint = await endpointOf(address.node)
    const running = await openCommand(endpoint, commandPath(what, address, wanted, words), wanted).catch(refused)
    const start: StartCommand = async (gone) => {
      gone.addEventListener('abort', () => running.end(), { once: true })
      return running
    }
    return start
  }
  return {
    logs: async (address, options) => await readLog(await endpointOf(address.node), address, options),
    exec: (address, { command: words, ...wanted }) => command('exec', address, wanted, words),
    attach: (address, wanted) => command('attach', address, wanted, []),
    async portForward(address) {
      const session = await dialSpdy(
        await endpointOf(address.node),
        podPath('portForward', address),
        'portforward.k8s.io',
      ).catch(refused)
      let requests = 0
      let open = 0
      return async (port) => {
        const stream = await connectToPort(session, port, requests++)
        open++
        stream.once('close', () => --open === 0 && session.close())
        return stream
      }
    },
    connect: async (name) => await openTls(await endpointOf(name)),
    usage: async (name) => await readUse(await endpointOf(name)),
  }
}

/** Where a node says that its server is. */
function serverOf({ metadata, status }: Node): string {
  const preferred = ['InternalIP', 'ExternalIP', 'Hostname']
  const address = preferred.flatMap((type) => status?.addresses?.find((each) => each.type === type)?.address ?? [])[0]
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port
  if (address === undefined || !port)
    throw apiError('ServiceUnavailable', `node "${metadata.name}" does not say where its server is`)
  return `https://${address.includes(':') ? `[${address}]` : address}:${port}`
}

const podPath = (what: string, { namespace, pod, uid }: PodAddress) =>
  `/${what}/${namespace}/${pod}${uid === '' ? '' : `/${uid}`}`

function commandPath(
  what: string,
  address: ContainerAddress,
  wanted: CommandStreams,
  words: readonly string[],
): string {
  const query = new URLSearchParams(words.map((word): [string, string] => ['command', word]))
  const flags = { input: wanted.stdin, output: wanted.stdout, error: wanted.stderr, tty: wanted.tty }
  for (const [name, isSet] of Object.entries(flags)) if (isSet) query.set(name, '1')
  return `${podPath(what, address)}/${address.container}?${query}`
}

/** What a node refuses is refused in its words. */
function refused(error: unknown): never {
  if (error instanceof ApiError) throw new UpgradeError(error.code, error.message)
  throw error
}

async function readLog(
  endpoint: Endpoint,
  address: ContainerAddress,
  options: LogOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const { container: _container, signal, ...asked } = options
  const query = new URLSearchParams(
    Object.entries(asked).map(([name, value]): [string, string] => [name, String(value)]),
  )
  const path = `/containerLogs/${address.namespace}/${address.pod}/${address.container}?${query}`
  const connection = openConnection(endpoint, 'kube-apiserver')
  const response = await connection.send({ method: 'GET', path, streaming: true, ...(signal && { signal }) })
  response.once('close', () => connection.close())
  if (response.statusCode === 200) return response as AsyncIterable<Uint8Array>
  throw failureOf(response, await readAll(response))
}

async function readUse(endpoint: Endpoint): Promise<NodeUse> {
  const connection = openConnection(endpoint, 'kube-apiserver')
  try {
    const response = await connection.send({ method: 'GET', path: '/stats/summary' })
    const bytes = await readAll(response)
    if (response.statusCode !== 200) throw failureOf(response, bytes)
    return useOf(JSON.parse(bytes.toString()) as Summary)
  } finally {
    connection.close()
  }
}

async function openTls(endpoint: Endpoint): Promise<Duplex> {
  const { hostname, port } = new URL(endpoint.server)
  const socket = connectTls({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), ...tlsOptions(endpoint) })
  await once(socket, 'secureConnect')
  return socket
}
