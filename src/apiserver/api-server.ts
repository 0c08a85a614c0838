import { createRegistry } from '../api/registry.ts'
import type { Registry } from '../api/registry.ts'
import type { Environment } from '../env/environment.ts'
import type { KeyPair } from '../identity/authority.ts'
import type { Change, Store } from '../store/store.ts'
import { createWatchHub } from '../watch/watch-hub.ts'
import type { Aggregation } from './aggregation/aggregation.ts'
import { createAggregation } from './aggregation/aggregation.ts'
import { keepLocalServices } from './aggregation/local-services.ts'
import { API_SERVICES } from './aggregation/remote-service.ts'
import { createAdmissionChain } from './admission/admission.ts'
import type { AdmissionPlugin } from './admission/admission.ts'
import { createDynamicAdmission } from './admission/dynamic/dynamic-admission.ts'
import { admissionPlugins } from './admission/plugins.ts'
import { createServiceAllocations } from './allocation/service-allocations.ts'
import type { ServiceNetwork } from './allocation/service-allocations.ts'
import { bootstrap } from './bootstrap.ts'
import { DEFINITIONS } from './custom/definition-status.ts'
import { followDefinition, serveStoredDefinitions } from './custom/definitions.ts'
import { loadExpressions } from './custom/expression-engine.ts'
import type { Backups } from './backup/backups.ts'
import { createBackups } from './backup/backups.ts'
import { expireEvents } from './event-expiry.ts'
import { createAdmissionMetrics } from './metrics/admission-metrics.ts'
import { createFamilies } from './metrics/families.ts'
import type { Families } from './metrics/families.ts'
import type { NodeStreams } from './subresources/node-streams.ts'
import type { TokenSigner } from './subresources/token-signer.ts'
import { createSubresource } from './subresources/create-subresource.ts'
import { connect } from './subresources/connect.ts'
import { logs } from './subresources/log.ts'
import { proxyLocation } from './subresources/proxy.ts'
import { metricsKinds } from './usage/metrics-kinds.ts'
import { createAcceptedSpecs } from './verbs/accepted-specs.ts'
import type { Authorizer } from './verbs/authorizer.ts'
import { create } from './verbs/create.ts'
import { remove } from './verbs/delete.ts'
import { removeCollection } from './verbs/delete-collection.ts'
import type { Engine } from './verbs/engine.ts'
import { get } from './verbs/get.ts'
import { list } from './verbs/list.ts'
import { patch } from './verbs/patch.ts'
import { update } from './verbs/update.ts'
import type { Verbs } from './verbs/verbs.ts'
import { watch } from './verbs/watch.ts'

/** What an API server is made of. */
export interface ApiServerOptions {
  readonly environment: Environment
  readonly store: Store
  /** Who may do what; `allowAll` where nobody is to be refused. */
  readonly authorizer: Authorizer
  readonly registry?: Registry
  /** Logs of containers; without it they answer 503. */
  readonly nodeStreams?: NodeStreams
  /** Service account tokens; without it they answer 503. */
  readonly tokens?: TokenSigner
  /** In place of the default ones. */
  readonly plugins?: readonly AdmissionPlugin[]
  readonly network?: Partial<ServiceNetwork>
  /** What this server shows itself as to aggregated ones, made when it is first needed. */
  readonly proxyIdentity?: () => KeyPair
}

/** An API server without a protocol. */
export interface ApiServer extends AsyncDisposable {
  readonly verbs: Verbs
  readonly registry: Registry
  readonly aggregation: Aggregation
  readonly backups: Backups
  /** What it counts of itself; whoever serves it adds more. */
  readonly families: Families
  /** For `createDirectClient`. */
  readonly engine: Engine
}

/** Makes a server on a store; resolves when the objects that every cluster has exist. The store stays the caller's. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { environment, store } = options
  const registry = options.registry ?? createRegistry()
  if (options.nodeStreams?.usage !== undefined) for (const [name, kind] of metricsKinds()) registry.serve(name, [kind])
  const definitions = { store, registry, environment }
  await serveStoredDefinitions(definitions)
  const aggregation = createAggregation({ store, environment, identity: options.proxyIdentity })
  const families = createFamilies()
  const engine: Engine = {
    environment,
    store,
    watches: createWatchHub(store, environment),
    catalog: registry,
    authorizer: options.authorizer,
    dynamic: createDynamicAdmission({ catalog: registry, authorizer: options.authorizer, environment }),
    admission: createAdmissionChain(
      options.plugins ?? admissionPlugins(options.authorizer),
      createAdmissionMetrics(families),
    ),
    allocations: createServiceAllocations(store, options.network),
    acceptedSpecs: createAcceptedSpecs(),
    surroundings: {
      podsOnLoopback: options.network?.serviceRange?.startsWith('127.') === true,
      namespaceLabels: (name) => store.head().get('namespaces', name)?.object.metadata.labels,
    },
    nodeStreams: options.nodeStreams,
    tokens: options.tokens,
    prepare: ({ storage, type }) =>
      storage === DEFINITIONS || type.group === 'admissionregistration.k8s.io' ? loadExpressions() : undefined,
    afterWrite: new Map([
      [DEFINITIONS, (change: Change) => followDefinition(definitions, change)],
      [API_SERVICES, (change: Change) => aggregation.follow(change)],
      ...['services', 'endpointslices.discovery.k8s.io'].map(
        (storage) => [storage, () => aggregation.followAll()] as const,
      ),
    ]),
  }
  await Promise.all([
    bootstrap(engine, options.network?.serviceRange),
    keepLocalServices({ store, registry, environment }),
  ])
  const expiry = expireEvents(store, environment)
  return {
    verbs: verbsOf(engine),
    registry,
    aggregation,
    backups: createBackups(engine),
    families,
    engine,
    async [Symbol.asyncDispose]() {
      expiry[Symbol.dispose]()
      engine.watches.close()
    },
  }
}

function verbsOf(engine: Engine): Verbs {
  return {
    get: (context, target, options) => get(engine, context, target, options),
    list: (context, target, options) => list(engine, context, target, options),
    watch: (context, target, options, handler) => watch(engine, context, target, options, handler),
    create: (context, target, body, options) => create(engine, context, target, body, options),
    createSubresource: (context, target, body, options) => createSubresource(engine, context, target, body, options),
    update: (context, target, body, options) => update(engine, context, target, body, options),
    patch: (context, target, change, options) => patch(engine, context, target, change, options),
    delete: (context, target, options) => remove(engine, context, target, options),
    deleteCollection: (context, target, options) => removeCollection(engine, context, target, options),
    logs: (context, target, options) => logs(engine, context, target, options),
    connect: (context, target, verb, container, options) => connect(engine, context, target, verb, container, options),
    proxy: (context, target, verb, path) => proxyLocation(engine, context, target, verb, path),
  }
}
