import type { Clock } from '../src/env/clock.ts'
import { systemEnvironment } from '../src/env/system.ts'
import type { Store } from '../src/store/store.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { admissionPlugins } from '../src/apiserver/admission/plugins.ts'
import { createApiServer } from '../src/apiserver/api-server.ts'
import { createAuthenticator } from '../src/apiserver/authn/authenticator.ts'
import { createServiceAccountTokens } from '../src/apiserver/authn/service-account-tokens.ts'
import { installPolicy } from '../src/apiserver/authz/install-policy.ts'
import { createAuthorizers } from '../src/apiserver/authz/authorizers.ts'
import { describeRefusal } from '../src/apiserver/verbs/authorizer.ts'
import type { Authorizer } from '../src/apiserver/verbs/authorizer.ts'
import { listen } from '../src/apiserver/http/server.ts'
import type { HttpServerOptions } from '../src/apiserver/http/server-options.ts'
import { openClusterIdentity, SERVER_HOSTS } from '../src/identity/key-files.ts'
import type { Endpoint } from '../src/client/http/connection.ts'

/** An API server over HTTPS without controllers, as envtest has it, on a free port. */
export interface TestServer extends AsyncDisposable {
  readonly port: number
  /** How its administrator, a member of `system:masters`, reaches it. */
  readonly admin: Endpoint
  /** How anybody else reaches it, by a client certificate. */
  endpointFor(user: string, groups: readonly string[]): Endpoint
  readonly store: Store
  /** Every request that was refused for want of rights, in Kubernetes' words. */
  readonly refusals: readonly string[]
}

/** How a test's server differs from one that is started for use. */
export interface TestServerOptions {
  /** The clock of everything but the store. */
  readonly clock?: Clock
  /** The time, in milliseconds since 1970, at which the store's revisions start. */
  readonly storeStartMs?: number
  /** Optional admission plugins to have. */
  readonly admissionPlugins?: readonly string[]
  /** What the HTTP server is told besides: its bounds, its audit log. */
  readonly http?: Pick<HttpServerOptions, 'inFlight' | 'receiveTimeoutMs' | 'audit' | 'auditPolicy'>
}

export async function startApiServer({
  clock,
  storeStartMs,
  admissionPlugins: enabled = [],
  http: bounds,
}: TestServerOptions = {}): Promise<TestServer> {
  const system = systemEnvironment()
  const environment = clock === undefined ? system : { ...system, clock }
  const storeClock = storeStartMs === undefined ? system.clock : { ...system.clock, now: () => storeStartMs }
  const store = createMemoryStore({ ...system, clock: storeClock })
  const identity = openClusterIdentity(environment)
  const rbac = createAuthorizers(store)
  const refusals: string[] = []
  const authorizer = recordRefusals(rbac, refusals)
  const tokens = createServiceAccountTokens(environment, () => identity.serviceAccountKey)
  const plugins = admissionPlugins(authorizer, enabled)
  const api = await createApiServer({ environment, store, authorizer, tokens, plugins })
  await installPolicy(store, api.registry, environment)
  const authenticator = createAuthenticator({ clock: environment.clock, tokens })
  const server = identity.server(SERVER_HOSTS)
  const http = await listen(
    {
      environment,
      verbs: api.verbs,
      catalog: api.registry,
      authenticator,
      authorizer,
      store,
      families: api.families,
      ...bounds,
    },
    { tls: { ...server, clientAuthority: identity.authority.certificate } },
  )
  const endpointFor = (user: string, groups: readonly string[]): Endpoint => {
    const { certificate, key } = identity.client(user, user, groups)
    const { certificate: certificateAuthority } = identity.authority
    return { server: http.url, certificateAuthority, clientCertificate: certificate, clientKey: key }
  }
  return {
    port: http.port,
    store,
    refusals,
    endpointFor,
    admin: endpointFor('admin', ['system:masters']),
    async [Symbol.asyncDispose]() {
      await http.close()
      await api[Symbol.asyncDispose]()
      rbac[Symbol.dispose]()
      await store.close()
    },
  }
}

function recordRefusals(authorizer: Authorizer, refusals: string[]): Authorizer {
  return {
    ...authorizer,
    authorize(attributes) {
      const decision = authorizer.authorize(attributes)
      if (!decision.allowed) refusals.push(describeRefusal(attributes, decision))
      return decision
    },
  }
}
