import { apiError } from '../../api/meta/status.ts'
import { noteDecision } from '../audit/audit-notes.ts'
import { ISSUER } from '../authn/service-account-tokens.ts'
import { createDiscovery } from '../discovery/discovery.ts'
import type { Discovery } from '../discovery/discovery.ts'
import { createOpenApi } from '../openapi/openapi.ts'
import type { OpenApi, OpenApiDocument } from '../openapi/openapi.ts'
import { describeRefusal } from '../verbs/authorizer.ts'
import { DISCOVERY_VIEWS, negotiate, NO_VIEWS } from './accept.ts'
import { baseHeaders, sendBytes, sendJson, sendText } from './answer.ts'
import { serveBackups } from './backup-paths.ts'
import type { Exchange } from './exchange.ts'
import { answerHealth } from './health.ts'
import { flag } from './query-options.ts'
import { hasRoutes } from './routes.ts'
import type { Aggregation } from '../aggregation/aggregation.ts'
import type { RemoteService } from '../aggregation/remote-service.ts'
import type { HttpServerOptions } from './server-options.ts'
import { VERSION } from './version.ts'
import type { Watching } from './watching.ts'

/** Everything that is not a resource: discovery, OpenAPI, health, version. */
export interface OtherPaths {
  serve(exchange: Exchange): Promise<void>
}

const sendMetrics = (exchange: Exchange, text: string): Promise<void> =>
  sendBytes(exchange, 200, new TextEncoder().encode(text), 'text/plain; version=0.0.4; charset=utf-8')

interface Documents {
  readonly discovery: Discovery
  readonly openApi: OpenApi
}

/** The other documents are given to whatever is asked, as Kubernetes gives them. */
const ONLY_GET = /^\/(version|api|api\/.*|openid\/.*)$/

const HEALTH = /^\/(healthz|livez|readyz)(?:\/(.+))?$/

export function createOtherPaths(options: HttpServerOptions, watching: Pick<Watching, 'metrics'>): OtherPaths {
  let documents: Documents | undefined
  options.catalog.onChange(() => (documents = undefined))
  const current = (): Documents =>
    (documents ??= {
      discovery: createDiscovery(options.catalog, '127.0.0.1:6443'),
      openApi: createOpenApi(options.catalog),
    })
  return {
    async serve(exchange) {
      const path = exchange.path.length > 1 ? exchange.path.replace(/\/$/, '') : exchange.path
      refuseUnlessAllowed(options, exchange, path)
      const health = HEALTH.exec(path)
      if (health !== null) return serveHealth(options, exchange, health[1] ?? '', health[2])
      if (path === '/metrics' && exchange.method === 'GET') return sendMetrics(exchange, watching.metrics())
      if (path.startsWith('/shoal/') && options.backups !== undefined) return serveBackups(options.backups, exchange)
      const remote = remoteAt(options, path)
      if (remote !== undefined) return options.aggregation?.proxy(exchange, remote)
      if (exchange.method !== 'GET' && exchange.method !== 'HEAD' && ONLY_GET.test(path)) {
        throw apiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
      }
      return serveDocument(options, exchange, path, current)
    },
  }
}

/** Another server's discovery and OpenAPI are its own to give. */
function remoteAt({ aggregation, catalog }: HttpServerOptions, path: string): RemoteService | undefined {
  const [, group, version] = /^(?:\/openapi\/v3)?\/apis\/([^/]+)\/([^/]+)$/.exec(path) ?? []
  if (aggregation === undefined || group === undefined || version === undefined) return undefined
  const isOurs = catalog.groups().some(({ name, versions }) => name === group && versions.includes(version))
  return isOurs ? undefined : aggregation.find(group, version)
}

function refuseUnlessAllowed({ authorizer }: HttpServerOptions, exchange: Exchange, path: string): void {
  const attributes = { user: exchange.context.user, verb: exchange.method.toLowerCase(), path }
  const decision = authorizer.authorize(attributes)
  noteDecision(exchange.context.notes, decision)
  if (!decision.allowed) throw apiError('Forbidden', `forbidden: ${describeRefusal(attributes, decision)}`, {})
}

async function serveHealth(options: HttpServerOptions, exchange: Exchange, endpoint: string, only?: string) {
  const { live = [], ready = [] } = options.health ?? {}
  const ping = { name: 'ping', check: () => undefined }
  const all = [ping, ...(endpoint === 'readyz' ? [...live, ...ready] : live)]
  const checks = only === undefined ? all : all.filter(({ name }) => name === only)
  if (checks.length === 0) return sendText(exchange, 404, '404 page not found\n')
  const asked = { verbose: flag(exchange.query, 'verbose') || exchange.query?.get('verbose') === '' }
  const answer = await answerHealth(endpoint, checks, { ...asked, exclude: exchange.query?.getAll('exclude') ?? [] })
  return sendText(exchange, answer.code, answer.text)
}

async function serveDocument(options: HttpServerOptions, exchange: Exchange, path: string, current: () => Documents) {
  if (path.startsWith('/openapi/')) {
    const own = current().openApi.document(path)
    if (own === undefined) return notFound(options, exchange, path)
    return sendDocument(exchange, (await options.aggregation?.withRemoteOpenApi(path, own)) ?? own)
  }
  if (path === '/openid/v1/jwks') return sendKeys(options, exchange)
  if (path === '/.well-known/openid-configuration') return sendIdentity(exchange, openIdConfiguration())
  const own = documentAt(exchange, path, current)
  if (own === undefined) return notFound(options, exchange, path)
  const document =
    path === '/apis' && options.aggregation !== undefined ? await withRemote(options.aggregation, own) : own
  const { accept } = exchange.request.headers
  if (!('aggregated' in document))
    return sendJson(exchange, 200, document.value, path === '/version' ? undefined : negotiate(accept, NO_VIEWS))
  const type = `application/json;g=apidiscovery.k8s.io;v=${document.aggregated};as=APIGroupDiscoveryList`
  exchange.response.setHeader('Vary', 'Accept')
  return sendBytes(exchange, 200, new TextEncoder().encode(JSON.stringify(document.value)), type)
}

type Found = { readonly value: unknown } | { readonly value: unknown; readonly aggregated: string }

function documentAt(exchange: Exchange, path: string, current: () => Documents): Found | undefined {
  const found = (value: unknown): Found | undefined => (value === undefined ? undefined : { value })
  if (path === '/version') return { value: VERSION }
  if (path === '/')
    return {
      value: {
        paths: [
          '/api',
          '/api/v1',
          '/apis',
          '/healthz',
          '/livez',
          '/metrics',
          '/openapi/v2',
          '/openapi/v3',
          '/readyz',
          '/version',
        ],
      },
    }
  if (path === '/api' || path === '/apis') {
    const accepted = negotiate(exchange.request.headers.accept, DISCOVERY_VIEWS)
    const { discovery } = current()
    if (accepted.as === undefined) return found(path === '/api' ? discovery.versions : discovery.groups)
    const version = accepted.version ?? 'v2'
    return { value: discovery.aggregated(path === '/api', version), aggregated: version }
  }
  const [, root, ...rest] = path.split('/')
  if (root === 'api' && rest.length === 1) return found(current().discovery.resources('', rest[0] ?? ''))
  if (root !== 'apis') return undefined
  if (rest.length === 1) return found(current().discovery.group(rest[0] ?? ''))
  return rest.length === 2 ? found(current().discovery.resources(rest[0] ?? '', rest[1] ?? '')) : undefined
}

async function withRemote(aggregation: Aggregation, own: Found): Promise<Found> {
  const aggregated = 'aggregated' in own ? own.aggregated : undefined
  return { ...own, value: await aggregation.withRemoteGroups(own.value, aggregated) }
}

const openIdConfiguration = () => ({
  issuer: ISSUER,
  jwks_uri: `${ISSUER}/openid/v1/jwks`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
})

const JWKS = 'application/jwk-set+json'

async function sendKeys({ tokenKeys }: HttpServerOptions, exchange: Exchange): Promise<void> {
  const types = (exchange.request.headers.accept ?? '*/*').split(',').map((type) => type.split(';')[0]?.trim())
  if (!types.some((type) => type === JWKS || type === '*/*' || type === 'application/*')) {
    throw apiError('NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${JWKS}`, {})
  }
  return sendIdentity(exchange, { keys: tokenKeys?.() ?? [] }, JWKS)
}

/** Who checks tokens elsewhere may keep what it is told for an hour, as Kubernetes says. */
async function sendIdentity(exchange: Exchange, document: unknown, type = 'application/json'): Promise<void> {
  const { response } = exchange
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  const headers = { ...baseHeaders(exchange, type), 'Cache-Control': 'public, max-age=3600' }
  response.writeHead(200, { ...headers, 'Content-Length': bytes.length })
  response.end(bytes)
}

async function notFound({ catalog }: HttpServerOptions, exchange: Exchange, path: string): Promise<void> {
  const [, root, group = ''] = path.split('/')
  if (root !== 'api' && !(root === 'apis' && group !== '' && hasRoutes(catalog, group)))
    return sendText(exchange, 404, '404 page not found\n')
  throw apiError('NotFound', 'the server could not find the requested resource', {})
}

async function sendDocument(exchange: Exchange, document: OpenApiDocument): Promise<void> {
  exchange.response.setHeader('ETag', `"${document.hash}"`)
  exchange.response.setHeader('Vary', 'Accept')
  if (exchange.request.headers['if-none-match'] === `"${document.hash}"`) {
    exchange.response.writeHead(304, { 'Audit-Id': exchange.notes.id, 'Cache-Control': 'no-cache, private' })
    return void exchange.response.end()
  }
  return sendBytes(exchange, 200, document.bytes(), 'application/json')
}
