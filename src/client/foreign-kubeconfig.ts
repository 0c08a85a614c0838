import type { KubeConfig } from '@kubernetes/client-node/dist/config.js'
import { systemEnvironment } from '../env/system.ts'
import type { Endpoint } from './http/connection.ts'
import type { KubeconfigContext } from './kubeconfig.ts'
import { KubeconfigError } from './kubeconfig.ts'

/** What Kubernetes' own client says a request has to be sent with. */
interface RequestSecrets {
  readonly ca?: Buffer | string
  readonly cert?: Buffer | string
  readonly key?: Buffer | string
  readonly auth?: string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Reads any kubeconfig: references to files, plugins that fetch credentials, cloud providers, impersonation, several files
 * at once (`paths`). Plugins run here, and again when what they gave is about to expire.
 */
export async function readForeignKubeconfig(paths: readonly string[], context?: string): Promise<KubeconfigContext> {
  // The configuration part alone: all else of that package is another client.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js')
  const config = new KubeConfig()
  const [first = '', ...rest] = paths
  config.loadFromFile(first)
  for (const path of rest) {
    const more = new KubeConfig()
    more.loadFromFile(path)
    config.mergeConfig(more, true)
  }
  if (context !== undefined) config.setCurrentContext(context)
  const name = config.getCurrentContext()
  const found = config.getContextObject(name)
  const cluster = config.getCurrentCluster()
  if (found === null || cluster === null) throw unknownContext(config, name)
  const endpoint = await endpointOf(config, cluster.server, name)
  return { context: name, endpoint, ...(found.namespace === undefined ? {} : { namespace: found.namespace }) }
}

/** Plugins keep what they gave until it expires; they are asked again at most so often. */
const RENEWAL_MS = 60_000

async function endpointOf(config: KubeConfig, server: string, name: string): Promise<Endpoint> {
  const { clock } = systemEnvironment()
  const secrets = await secretsOf(config, name)
  let headers = headersOf(secrets)
  let renewedMs = clock.monotonicMs()
  return {
    server,
    ...textOf('certificateAuthority', secrets.ca),
    ...textOf('clientCertificate', secrets.cert),
    ...textOf('clientKey', secrets.key),
    ...textOf('tlsServerName', secrets.servername),
    ...(secrets.rejectUnauthorized === false ? { insecureSkipTlsVerify: true } : {}),
    async authorize() {
      if (clock.monotonicMs() - renewedMs < RENEWAL_MS) return headers
      renewedMs = clock.monotonicMs()
      headers = headersOf(await secretsOf(config, name))
      return headers
    },
  }
}

function headersOf({ headers = {}, auth }: RequestSecrets): Record<string, string> {
  const basic = auth === undefined ? {} : { authorization: `Basic ${Buffer.from(auth).toString('base64')}` }
  return { ...lowerCased(headers), ...basic }
}

async function secretsOf(config: KubeConfig, name: string): Promise<RequestSecrets> {
  const options: RequestSecrets = {}
  try {
    await config.applyToHTTPSOptions(options as never)
    return options
  } catch (cause) {
    const message = `Cannot authenticate for context "${name}": ${(cause as Error).message}, expected credentials`
    throw new KubeconfigError('unsupported', message, `kubectl --context ${name} version`)
  }
}

const textOf = (field: string, value: Buffer | string | undefined) =>
  value === undefined ? {} : { [field]: value.toString() }

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

function unknownContext(config: KubeConfig, name: string): KubeconfigError {
  const known = config.contexts.map((each) => each.name).join(', ') || 'none'
  const message = `Cannot use context "${name}": the kubeconfig has ${known}, expected one of these with a cluster`
  return new KubeconfigError('no-context', message, 'kubectl config get-contexts')
}
