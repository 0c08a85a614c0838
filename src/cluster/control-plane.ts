import { serviceAccounts } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import { admissionPlugins } from '../apiserver/admission/plugins.ts'
import { createApiServer } from '../apiserver/api-server.ts'
import type { ApiServer } from '../apiserver/api-server.ts'
import { createServiceAccountTokens } from '../apiserver/authn/service-account-tokens.ts'
import { installPolicy } from '../apiserver/authz/install-policy.ts'
import { createAuthorizers } from '../apiserver/authz/authorizers.ts'
import { createDirectClient } from '../apiserver/direct-client.ts'
import type { NodeStreams } from '../apiserver/subresources/node-streams.ts'
import type { TokenSigner } from '../apiserver/subresources/token-signer.ts'
import type { Authorizer } from '../apiserver/verbs/authorizer.ts'
import type { UserInfo } from '../apiserver/verbs/request.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import type { ClusterIdentity } from '../identity/key-files.ts'
import type { Manager } from '../reconcile/manager.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { Store } from '../store/store.ts'
import { ADMIN, SCHEDULER, userInfo } from './users.ts'

export interface ControlPlaneOptions {
  readonly env: Environment
  /** Stays the caller's: closing the control plane leaves it open. */
  readonly store: Store
  readonly identity: ClusterIdentity
  readonly nodeStreams?: NodeStreams
  /** Stands between a part and the API; the simulator puts faults there. */
  readonly wrapClient?: (client: Client, user: UserInfo) => Client
  /** False: an API server alone, as `--api-only`. Default true. */
  readonly controllers?: boolean
  /** Optional admission plugins to have. */
  readonly admissionPlugins?: readonly string[]
  /** The profile for pods that name none; default Kubernetes' own. */
  readonly schedulerProfile?: string
  /** Where Services have their addresses; default Kubernetes' own. */
  readonly serviceRange?: string
  /** How long a node may be silent, in milliseconds; default 40 s. */
  readonly nodeGraceMs?: number
}

/** API server, controllers and scheduler over one store: all of a cluster but its nodes. */
export interface ControlPlane extends AsyncDisposable {
  readonly server: ApiServer
  readonly authorizer: Authorizer
  readonly tokens: TokenSigner
  /** The API as `user`, without HTTP. */
  clientFor(user: UserInfo): Client
  /** Resolves when controllers and scheduler work; the API answers before that. */
  readonly ready: Promise<void>
  close(): Promise<void>
}

/** Resolves when the API answers; controllers and scheduler start meanwhile. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { env, store, identity, nodeStreams, serviceRange } = options
  const authorizer = createAuthorizers(store)
  const uidOf = (kind: 'ServiceAccount' | 'Pod' | 'Secret' | 'Node', key: string) =>
    store.durable().get(`${kind.toLowerCase()}s`, key)?.object.metadata.uid
  const tokens = createServiceAccountTokens(env, () => identity.serviceAccountKey, uidOf)
  const server = await createApiServer({
    environment: env,
    store,
    authorizer,
    tokens,
    plugins: admissionPlugins(authorizer, options.admissionPlugins),
    proxyIdentity: () => identity.client('front-proxy-client', 'front-proxy-client', []),
    ...(nodeStreams !== undefined && { nodeStreams }),
    // Clusters share the machine, and with it the ports of nodes.
    network: { firstNodePort: 30_000 + Math.floor(env.random.next() * 2_768), ...(serviceRange && { serviceRange }) },
  })
  await installPolicy(store, server.registry, env)
  const clientFor = (user: UserInfo) => {
    const client = createDirectClient(server, { user, userAgent: user.name })
    return options.wrapClient?.(client, user) ?? client
  }
  if (options.controllers !== false) await ensureDefaultAccount(clientFor(ADMIN))
  const loops = options.controllers === false ? Promise.resolve([]) : startLoops(options, clientFor)
  const ready = loops.then(async (started) => void (await Promise.all(started.map((loop) => loop.ready))))
  ready.catch(() => {})
  const close = async () => {
    const started = await loops.catch(() => [])
    await Promise.all(started.map((loop) => loop.close()))
    await server[Symbol.asyncDispose]()
    authorizer[Symbol.dispose]()
  }
  return { server, authorizer, tokens, clientFor, ready, close, [Symbol.asyncDispose]: close }
}

/** Pods need their namespace's account: whoever creates one as soon as the API answers must not come before it. */
async function ensureDefaultAccount(client: Client): Promise<void> {
  const key = { namespace: 'default', name: 'default' }
  try {
    await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: key })
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
  }
}

/** Waits for a turn of its own, so that the API answers before the code of the control loops is even read. */
async function startLoops(
  options: ControlPlaneOptions,
  clientFor: (user: UserInfo) => Client,
): Promise<readonly (Manager | Scheduler)[]> {
  const { env, identity, schedulerProfile, nodeGraceMs } = options
  await new Promise<void>((resolve) => env.timers.soon(resolve))
  const [{ builtInControllers }, { startManager }, { startScheduler }] = await Promise.all([
    import('../controllers/built-in.ts'),
    import('../reconcile/manager.ts'),
    import('../scheduler/scheduler.ts'),
  ])
  const controllers = builtInControllers({
    caCertificate: identity.authority.certificate,
    authority: identity.authority,
    ...(nodeGraceMs !== undefined && { nodeGraceMs }),
  })
  const manager = startManager({ env, clientFor: (user) => clientFor(userInfo(user)), controllers })
  const scheduler = startScheduler({
    env,
    client: clientFor(userInfo(SCHEDULER)),
    ...(schedulerProfile !== undefined && { defaultProfile: schedulerProfile }),
  })
  return [manager, scheduler]
}
