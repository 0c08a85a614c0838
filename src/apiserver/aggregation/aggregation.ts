import { pipeline } from 'node:stream/promises'
import type { APIService, APIServiceCondition } from '../../api/generated/apiregistration-v1.ts'
import { compareVersions } from '../../api/registry.ts'
import { formatTime } from '../../env/clock.ts'
import type { Change, Entry } from '../../store/store.ts'
import { sendText } from '../http/answer.ts'
import { abortSignalOf } from '../http/exchange.ts'
import type { Exchange } from '../http/exchange.ts'
import type { OpenApiDocument } from '../openapi/openapi.ts'
import { askRemote } from './ask-remote.ts'
import type { AggregationOptions } from './ask-remote.ts'
import { createRemoteOpenApi } from './remote-openapi.ts'
import { answerOf, forward, forwardedHeaders } from './forward.ts'
import { addressOf, API_SERVICES, asRemote, remoteService, remoteServices } from './remote-service.ts'
import type { RemoteService } from './remote-service.ts'
import { aggregatedDocument, groupDocument } from './remote-discovery.ts'

/** Serves the versions of groups that other servers answer. */
export interface Aggregation {
  find(group: string, version: string): RemoteService | undefined
  /** Passes a request on and its answer back; a 503 where the other server cannot be reached. */
  proxy(exchange: Exchange, service: RemoteService): Promise<void>
  /** The document of `/apis` with the groups of other servers; `aggregated` names the version of the newer form. */
  withRemoteGroups(document: unknown, aggregated: string | undefined): Promise<unknown>
  /** The documents `/openapi/v2` and `/openapi/v3` with what other servers say of their groups. */
  withRemoteOpenApi(path: string, document: OpenApiDocument): Promise<OpenApiDocument>
  /** Looks, after an APIService was written, whether its server is there, and says so in its status. */
  follow(change: Change): Promise<void>
  /** The same for all, after a Service or an EndpointSlice was written. */
  followAll(): Promise<void>
}

export function createAggregation(options: AggregationOptions): Aggregation {
  const { store } = options
  const openApi = createRemoteOpenApi(options)
  return {
    find: (group, version) => remoteService(store.head(), group, version),
    proxy: (exchange, service) => proxy(options, exchange, service),
    withRemoteGroups: async (document, aggregated) => {
      const services = remoteServices(store.head())
      return services.length === 0 ? document : withGroups(options, document, services, aggregated)
    },
    withRemoteOpenApi: async (path, document) => {
      const services = remoteServices(store.head())
      return services.length === 0 ? document : openApi.merged(path, document, services)
    },
    // Nobody waits for this: it may take as long as the other server does.
    async follow(change) {
      if (change.type !== 'delete') check(options, change.entry)
    },
    async followAll() {
      for (const entry of store.head().list(API_SERVICES)) {
        if (asRemote(entry.object as APIService) !== undefined) check(options, entry)
      }
    },
  }
}

async function proxy(
  { store, identity }: AggregationOptions,
  exchange: Exchange,
  service: RemoteService,
): Promise<void> {
  const address = addressOf(store.head(), service)
  if (typeof address === 'string') return sendText(exchange, 503, 'service unavailable\n')
  const { request, response, context } = exchange
  const outgoing = await forward({
    address,
    service,
    url: request.url ?? '/',
    method: exchange.method,
    headers: forwardedHeaders(request.headers, context.user, exchange.notes.id),
    identity: identity?.(),
    signal: abortSignalOf(response),
  })
  const answered = answerOf(outgoing)
  try {
    await Promise.all([answered, pipeline(request, outgoing)])
  } catch (error) {
    if (response.headersSent) return void response.destroy()
    const why = error instanceof Error ? error.message : String(error)
    return sendText(exchange, 503, `error trying to reach service: ${why}`)
  }
  const answer = await answered
  const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...headers } = answer.headers
  response.writeHead(answer.statusCode ?? 502, { 'audit-id': exchange.notes.id, ...headers })
  await pipeline(answer, response).catch(() => response.destroy())
}

async function withGroups(
  options: AggregationOptions,
  document: unknown,
  services: readonly RemoteService[],
  aggregated: string | undefined,
): Promise<unknown> {
  const byGroup = Map.groupBy(services, ({ group }) => group)
  const ordered = [...byGroup].map(([group, some]) => {
    const versions = some.toSorted(
      (a, b) => b.versionPriority - a.versionPriority || compareVersions(a.version, b.version),
    )
    return { group, versions }
  })
  if (aggregated === undefined) {
    const { groups, ...rest } = document as { readonly groups: readonly { readonly name: string }[] }
    const remote = ordered.map(({ group, versions }) =>
      groupDocument(
        group,
        versions.map(({ version }) => version),
      ),
    )
    return { ...rest, groups: [...groups, ...remote.filter(({ name }) => !groups.some((one) => one.name === name))] }
  }
  const { items, ...rest } = document as { readonly items: readonly unknown[] }
  const remote = await Promise.all(
    ordered.map(async ({ group, versions }) =>
      aggregatedDocument(
        group,
        await Promise.all(
          versions.map(async (one) => ({ version: one.version, resources: await discovered(options, one) })),
        ),
      ),
    ),
  )
  return { ...rest, items: [...items, ...remote] }
}

/** What another server says that it serves; undefined where it cannot be asked. */
async function discovered(options: AggregationOptions, service: RemoteService): Promise<unknown> {
  return (await askRemote(options, service, `/apis/${service.group}/${service.version}`))?.value
}

function check(options: AggregationOptions, entry: Entry): void {
  follow(options, entry).catch((error: unknown) => {
    options.environment.log.error('Cannot say whether an API service is available', { name: entry.key, error })
  })
}

/** States the condition Available. Local ones always are. */
async function follow(options: AggregationOptions, entry: Entry): Promise<void> {
  const { store, environment } = options
  const object = entry.object as APIService
  const found = await available(options, object)
  const before = object.status?.conditions?.find(({ type }) => type === 'Available')
  if (before?.status === found.status && before.reason === found.reason && before.message === found.message) return
  const current = store.head().get(API_SERVICES, entry.key)
  if (current?.object !== object) return
  const condition = { ...found, lastTransitionTime: formatTime(environment.clock.now()) }
  const next = { ...object, status: { ...object.status, conditions: [condition] } }
  await store.commit([{ type: 'update', resource: API_SERVICES, key: entry.key, object: next }])
}

async function available(options: AggregationOptions, object: APIService): Promise<APIServiceCondition> {
  const type = 'Available'
  const service = asRemote(object)
  if (service === undefined) {
    return { type, status: 'True', reason: 'Local', message: 'Local APIServices are always available' }
  }
  const { namespace, name, port } = service
  const address = addressOf(options.store.head(), service)
  if (typeof address === 'string') {
    const missing = options.store.head().get('services', `${namespace}/${name}`) === undefined
    return missing
      ? {
          type,
          status: 'False',
          reason: 'ServiceNotFound',
          message: `service/${name} in "${namespace}" is not present`,
        }
      : {
          type,
          status: 'False',
          reason: 'MissingEndpoints',
          message: `endpoints for service/${name} in "${namespace}" have no addresses with port name "${portName(options, service)}"`,
        }
  }
  if ((await discovered(options, service)) !== undefined) {
    return { type, status: 'True', reason: 'Passed', message: 'all checks passed' }
  }
  const url = `https://${address.host}:${address.port}/apis/${service.group}/${service.version}`
  const message = `failing or missing response from ${url}: port ${port} of service ${namespace}/${name} does not answer`
  return { type, status: 'False', reason: 'FailedDiscoveryCheck', message }
}

function portName({ store }: AggregationOptions, { namespace, name, port }: RemoteService): string {
  const service = store.head().get('services', `${namespace}/${name}`)?.object as
    { readonly spec?: { readonly ports?: readonly { readonly port: number; readonly name?: string }[] } } | undefined
  return service?.spec?.ports?.find((one) => one.port === port)?.name ?? ''
}
