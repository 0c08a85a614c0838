import type { Endpoint } from './http/connection.ts'

/** A kubeconfig that names one cluster, one user and one context, with all certificates within it. */
export interface KubeconfigContent {
  /** Of cluster, user and context alike. */
  readonly name: string
  readonly endpoint: Endpoint
  readonly namespace?: string
}

/** The text of a kubeconfig: JSON, which is YAML too, so that neither side needs a parser for it. */
export function formatKubeconfig({ name, endpoint, namespace }: KubeconfigContent): string {
  const cluster = {
    server: endpoint.server,
    ...data('certificate-authority-data', endpoint.certificateAuthority),
    ...(endpoint.tlsServerName === undefined ? {} : { 'tls-server-name': endpoint.tlsServerName }),
    ...(endpoint.insecureSkipTlsVerify === true ? { 'insecure-skip-tls-verify': true } : {}),
  }
  const user = {
    ...data('client-certificate-data', endpoint.clientCertificate),
    ...data('client-key-data', endpoint.clientKey),
    ...(endpoint.token === undefined ? {} : { token: endpoint.token }),
  }
  const context = { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context }],
    'current-context': name,
  }
  return `${JSON.stringify(config, undefined, 2)}\n`
}

const data = (field: string, pem: string | undefined) =>
  pem === undefined ? {} : { [field]: Buffer.from(pem).toString('base64') }

/** Why a kubeconfig cannot be used here. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
  readonly code: 'no-context' | 'unsupported'
  readonly hint: string

  constructor(code: KubeconfigError['code'], message: string, hint: string) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

/** What `parseKubeconfig` finds: how to reach the context's cluster, and the namespace that it names. */
export interface KubeconfigContext {
  readonly context: string
  readonly endpoint: Endpoint
  readonly namespace?: string
}

interface Named {
  readonly name: string
  readonly cluster?: Readonly<Record<string, unknown>>
  readonly user?: Readonly<Record<string, unknown>>
  readonly context?: Readonly<Record<string, unknown>>
}

type Lists = Readonly<Record<'clusters' | 'users' | 'contexts', readonly Named[] | undefined>>

/**
 * Reads the simple kind of kubeconfig, of which ours are: certificates within the file or a token, no plugins. `text` is
 * JSON, or YAML (whose parser is loaded then). Uses the current context where `context` is absent.
 */
export async function parseKubeconfig(text: string, context?: string): Promise<KubeconfigContext> {
  const config = (text.trimStart().startsWith('{') ? JSON.parse(text) : (await import('yaml')).parse(text)) as Lists & {
    readonly 'current-context'?: string
  }
  const name = context ?? config['current-context'] ?? ''
  const found = find(config, 'contexts', name)?.context
  const cluster = find(config, 'clusters', String(found?.['cluster']))?.cluster
  if (found === undefined || cluster === undefined) throw unknownContext(config, name)
  const user = find(config, 'users', String(found['user']))?.user ?? {}
  const endpoint = endpointOf(name, cluster, user)
  const namespace = found['namespace']
  return { context: name, endpoint, ...(typeof namespace === 'string' ? { namespace } : {}) }
}

const find = (config: Lists, list: keyof Lists, name: string): Named | undefined =>
  config[list]?.find((each) => each.name === name)

function unknownContext(config: Lists, name: string): KubeconfigError {
  const known = (config.contexts ?? []).map((each) => each.name).join(', ') || 'none'
  const message = `Cannot use context "${name}": the kubeconfig has ${known}, expected one of these with a cluster`
  return new KubeconfigError('no-context', message, 'kubectl config get-contexts')
}

const UNSUPPORTED = ['exec', 'auth-provider', 'client-certificate', 'client-key', 'tokenFile', 'username'] as const

function endpointOf(
  name: string,
  cluster: Readonly<Record<string, unknown>>,
  user: Readonly<Record<string, unknown>>,
): Endpoint {
  const foreign = UNSUPPORTED.find((field) => user[field] !== undefined)
  if (foreign !== undefined || cluster['certificate-authority'] !== undefined) {
    const message = `Cannot use context "${name}": it has ${foreign ?? 'certificate-authority'}, expected embedded credentials`
    throw new KubeconfigError('unsupported', message, 'kubectl config view --flatten')
  }
  return {
    server: String(cluster['server']),
    ...pemOf('certificateAuthority', cluster['certificate-authority-data']),
    ...pemOf('clientCertificate', user['client-certificate-data']),
    ...pemOf('clientKey', user['client-key-data']),
    ...(typeof user['token'] === 'string' ? { token: user['token'] } : {}),
    ...(typeof cluster['tls-server-name'] === 'string' ? { tlsServerName: cluster['tls-server-name'] } : {}),
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecureSkipTlsVerify: true } : {}),
  }
}

const pemOf = (field: string, base64: unknown) =>
  typeof base64 === 'string' ? { [field]: Buffer.from(base64, 'base64').toString() } : {}
