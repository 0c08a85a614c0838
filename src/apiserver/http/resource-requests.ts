import type { Timers } from '../../env/clock.ts'
import { pathSegmentProblems } from '../../api/meta/names.ts'
import { apiError } from '../../api/meta/status.ts'
import { groupResourceOf } from '../../api/resource-type.ts'
import type { Verb } from '../../api/resource-type.ts'
import { describeRefusal } from '../verbs/authorizer.ts'
import type { Authorizer } from '../verbs/authorizer.ts'
import { noteDecision, notePatch, noteSent } from '../audit/audit-notes.ts'
import type { Aggregation } from '../aggregation/aggregation.ts'
import type { CollectionTarget, ObjectTarget } from '../verbs/request.ts'
import type { Catalog, ServedResource } from '../verbs/served-resource.ts'
import { deprecationOf } from '../verbs/deprecation.ts'
import type { Verbs } from '../verbs/verbs.ts'
import type { Counter } from '../metrics/families.ts'
import { negotiate, negotiateStream, NO_VIEWS } from './accept.ts'
import { sendText } from './answer.ts'
import { hasRoutes } from './routes.ts'
import type { Exchange } from './exchange.ts'
import { abortSignalOf } from './exchange.ts'
import { streamLog } from './log-stream.ts'
import { sendList, sendObject, watchView } from './object-views.ts'
import type { Views } from './object-views.ts'
import { readPatch } from './patch-body.ts'
import { flag, forceOption, listOptions, logOptions, watchOptions, writeOptions } from './query-options.ts'
import type { BodyDecoder } from './request-body.ts'
import { readObject } from './request-body.ts'
import type { ResourcePath } from './request-path.ts'
import { readRemoveOptions } from './remove-body.ts'
import { streamWatch } from './watch-stream.ts'

/** What requests for resources need of the server. */
export interface ResourceServer {
  readonly verbs: Verbs
  readonly catalog: Catalog
  readonly authorizer: Authorizer
  readonly timers: Timers
  readonly views: Views
  readonly decoders: readonly BodyDecoder[]
  readonly aggregation: Aggregation | undefined
  /** Counts events sent to watchers of a kind. */
  readonly watchEvents: (group: string, version: string, kind: string) => Counter
}

/** Connections rather than requests; they are answered by a part of their own. */
const CONNECT_SUBRESOURCES = new Set(['exec', 'attach', 'portforward'])

/** Answers a request for a resource, an object or a subresource. */
export async function serveResource(server: ResourceServer, exchange: Exchange, path: ResourcePath): Promise<void> {
  const verb = verbOf(exchange, path)
  const resource = server.catalog.find(path.group, path.version, path.plural)
  if (resource === undefined) {
    refuseUnlessAllowed(server.authorizer, exchange, path, verb ?? exchange.method.toLowerCase())
    const remote = server.aggregation?.find(path.group, path.version)
    if (remote !== undefined) return server.aggregation?.proxy(exchange, remote)
    if (!hasRoutes(server.catalog, path.group)) return sendText(exchange, 404, '404 page not found\n')
    throw apiError('NotFound', 'the server could not find the requested resource', {})
  }
  if (path.subresource === 'proxy' && path.name !== undefined && isPart(resource, 'proxy')) {
    return serveProxied(server, exchange, path, resource)
  }
  checkServed(server, exchange, path, resource, verb)
  if (path.name !== undefined) checkName(path.name, path.rest)
  const deprecation = deprecationOf(resource)
  if (deprecation !== undefined) {
    // Who cannot read the answer is told that alone.
    if (!CONNECT_SUBRESOURCES.has(path.subresource ?? '')) negotiate(exchange.request.headers.accept)
    exchange.context.warn(deprecation)
  }
  const at = path.namespace === undefined ? { resource } : { resource, namespace: path.namespace }
  if (path.name === undefined) return serveCollection(server, exchange, at, verb)
  const { name, subresource } = path
  const target = subresource === undefined ? { ...at, name } : { ...at, name, subresource }
  if (subresource !== undefined && CONNECT_SUBRESOURCES.has(subresource)) {
    return serveConnection(server, exchange, { ...at, name, subresource })
  }
  return serveObject(server, exchange, target, verb)
}

/** Loaded at the first need: most servers never serve one. */
async function serveConnection(
  server: ResourceServer,
  exchange: Exchange,
  target: ObjectTarget & { readonly subresource: string },
): Promise<void> {
  const { serveConnect } = await import('../connect/serve-connect.ts')
  return await serveConnect(server, exchange, target)
}

const isPart = ({ type }: ServedResource, part: string) => type.subresources.some(({ name }) => name === part)

/** Any method, to any path behind: what it means is for the server behind to say. */
async function serveProxied(server: ResourceServer, exchange: Exchange, path: ResourcePath, resource: ServedResource) {
  const { serveProxy } = await import('../connect/serve-proxy.ts')
  const at = path.namespace === undefined ? { resource } : { resource, namespace: path.namespace }
  return await serveProxy(server, exchange, { ...at, name: path.name ?? '', subresource: 'proxy' })
}

/** What leads on behind an object's parts is nowhere; what could lead elsewhere is no name. */
function checkName(name: string, rest: string | undefined): void {
  if (rest !== undefined || name.includes('/')) {
    throw apiError('NotFound', 'the server could not find the requested resource', {})
  }
  const problems = pathSegmentProblems(name)
  if (problems.length === 0) return
  throw apiError('BadRequest', `Name parameter invalid: ${JSON.stringify(name)}: ${problems.join(';')}`)
}

/** The verb that Kubernetes' attributes give a request; undefined where the method does not exist at such a path. */
function verbOf({ method, query }: Exchange, path: ResourcePath): Verb | undefined {
  const named = path.name !== undefined
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (path.watches === true || (!named && flag(query, 'watch'))) return 'watch'
      return named ? 'get' : 'list'
    case 'POST':
      return named && path.subresource === undefined ? undefined : 'create'
    case 'PUT':
      return named ? 'update' : undefined
    case 'PATCH':
      return named ? 'patch' : undefined
    case 'DELETE':
      return named ? 'delete' : 'deletecollection'
    default:
      return undefined
  }
}

/** NotFound for a path that the resource does not have, MethodNotAllowed for a verb; only to who may ask at all. */
function checkServed(
  server: ResourceServer,
  exchange: Exchange,
  path: ResourcePath,
  resource: ServedResource,
  verb: Verb | undefined,
): void {
  const { type } = resource
  const part = path.subresource === undefined ? type : type.subresources.find(({ name }) => name === path.subresource)
  const misplaced = path.namespace !== undefined && !type.namespaced
  const everywhere = type.namespaced && path.namespace === undefined
  const bare = everywhere && path.name !== undefined
  // What lies in namespaces can be looked at in all of them together, and that alone.
  const isElsewhere = everywhere && verb !== 'list' && verb !== 'watch'
  if (part !== undefined && !misplaced && !isElsewhere && verb !== undefined && part.verbs.includes(verb)) return
  refuseUnlessAllowed(server.authorizer, exchange, path, verb ?? exchange.method.toLowerCase())
  if (part === undefined || misplaced || bare) {
    throw apiError('NotFound', 'the server could not find the requested resource', {})
  }
  if (verb === 'watch' && part === type) {
    const kind = groupResourceOf(type)
    const details = { ...(type.group !== '' && { group: type.group }), kind: type.plural }
    if (part.verbs.includes('list')) {
      const deprecation = deprecationOf(resource)
      if (deprecation !== undefined) exchange.context.warn(deprecation)
      throw apiError('MethodNotAllowed', `watch is not supported on resources of kind "${kind}"`, details)
    }
  }
  throw apiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}

function refuseUnlessAllowed(authorizer: Authorizer, { context }: Exchange, path: ResourcePath, verb: string): void {
  const { plural, rest: _rest, watches: _watches, ...at } = path
  const attributes = { user: context.user, verb, resource: plural, ...at }
  const decision = authorizer.authorize(attributes)
  noteDecision(context.notes, decision)
  if (decision.allowed) return
  const what = path.group === '' ? plural : `${plural}.${path.group}`
  const name = path.name === undefined ? '' : ` "${path.name}"`
  const group = path.group === '' ? {} : { group: path.group }
  const facts = { ...(path.name === undefined ? {} : { name: path.name }), ...group, kind: plural }
  throw apiError('Forbidden', `${what}${name} is forbidden: ${describeRefusal(attributes, decision)}`, facts)
}

async function serveCollection(server: ResourceServer, exchange: Exchange, at: CollectionTarget, verb?: Verb) {
  const { context, query, request } = exchange
  switch (verb) {
    case 'watch':
      return serveWatch(server, exchange, at)
    case 'create': {
      const accepted = negotiate(request.headers.accept, isKept(at.resource) ? undefined : NO_VIEWS)
      const body = await readObject(request, at.resource.type, server.catalog, server.decoders)
      noteSent(exchange.notes, body.value)
      const answer = await server.verbs.create(context, at, body, writeOptions(query, 'CreateOptions'))
      return sendObject(exchange, answer.code, answer.object, at.resource, accepted, server.views)
    }
    case 'deletecollection': {
      const accepted = negotiate(request.headers.accept)
      const options = { ...listOptions(query), ...(await readRemoveOptions(request, query)) }
      const list = await server.verbs.deleteCollection(context, at, options)
      return sendList(exchange, list, at.resource, accepted, server.views)
    }
    default: {
      const accepted = negotiate(request.headers.accept)
      const list = await server.verbs.list(context, at, listOptions(query))
      return sendList(exchange, list, at.resource, accepted, server.views)
    }
  }
}

/** What is answered and not kept, such as a review, has no other views. */
const isKept = ({ type }: ServedResource): boolean => type.verbs.includes('get')

function serveWatch(server: ResourceServer, exchange: Exchange, target: CollectionTarget & { readonly name?: string }) {
  const accepted = negotiateStream(exchange.request.headers.accept)
  const view = watchView(exchange, target.resource, accepted, server.views)
  const options = watchOptions(exchange.query)
  const { type } = target.resource
  return streamWatch(exchange, server.verbs, server.timers, {
    target,
    options,
    sent: server.watchEvents(type.group, type.version, type.kind),
    ...(view === undefined ? {} : { view }),
  })
}

async function serveObject(server: ResourceServer, exchange: Exchange, target: ObjectTarget, verb?: Verb) {
  const { context, query, request } = exchange
  if (verb === 'watch') return serveWatch(server, exchange, target)
  if (target.subresource === 'log') {
    const cancellable = { ...context, signal: abortSignalOf(exchange.response) }
    return streamLog(exchange, await server.verbs.logs(cancellable, target, logOptions(query)))
  }
  const accepted = negotiate(request.headers.accept, undefined, false)
  if (verb === 'get') {
    const resourceVersion = query?.get('resourceVersion')
    const object = await server.verbs.get(context, target, resourceVersion ? { resourceVersion } : {})
    return sendObject(exchange, 200, object, target.resource, accepted, server.views)
  }
  const answer = await writeObject(server, exchange, target, verb)
  return sendObject(exchange, answer.code, answer.object, target.resource, accepted, server.views)
}

async function writeObject(server: ResourceServer, exchange: Exchange, target: ObjectTarget, verb?: Verb) {
  const { context, query, request } = exchange
  const { verbs, catalog, decoders } = server
  switch (verb) {
    case 'create': {
      const subresource = target.subresource ?? ''
      const body = await readObject(request, bodyKind(target), catalog, decoders)
      noteSent(exchange.notes, body.value)
      const options = writeOptions(query, 'CreateOptions')
      return verbs.createSubresource(context, { ...target, subresource }, body, options)
    }
    case 'update': {
      const body = await readObject(request, bodyKind(target), catalog, decoders)
      noteSent(exchange.notes, body.value)
      return verbs.update(context, target, body, writeOptions(query, 'UpdateOptions'))
    }
    case 'patch': {
      const options = writeOptions(query, 'PatchOptions')
      const patch = await readPatch(request, options.fieldValidation, context.warn)
      notePatch(exchange.notes, patch.patch)
      return verbs.patch(context, target, patch, { ...options, ...forceOption(query, patch.type === 'apply') })
    }
    default:
      return verbs.delete(context, target, await readRemoveOptions(request, query))
  }
}

/** The kind that a subresource exchanges: its own, such as Scale, or the resource's. */
function bodyKind({ resource, subresource }: ObjectTarget) {
  const { type } = resource
  const part = type.subresources.find(({ name }) => name === subresource)
  if (part === undefined) return type
  return { group: part.group ?? type.group, version: part.version ?? type.version, kind: part.kind }
}
