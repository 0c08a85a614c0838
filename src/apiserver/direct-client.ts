import type { Status } from '../api/generated/meta-v1.ts'
import { pods } from '../api/generated/resources.ts'
import { apiError } from '../api/meta/status.ts'
import type { KubeObject, ObjectKey, ObjectList } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client, Watch, WatchHandler, WatchOptions } from '../client/client.ts'
import type { ApiServer } from './api-server.ts'
import type { CollectionTarget, ObjectTarget, RequestContext, UserInfo } from './verbs/request.ts'
import type { ServedResource } from './verbs/served-resource.ts'
import { startWatch } from './verbs/watch.ts'

/** Who a direct client is, and what becomes of warnings (default: they are dropped). */
export interface DirectClientOptions {
  readonly user: UserInfo
  /** Names the field manager of its writes. Default `shoal`. */
  readonly userAgent?: string
  readonly warn?: (text: string) => void
}

/**
 * The Client port without HTTP and without JSON: the verbs themselves, as `options.user`, through authorization and
 * admission like anybody. What it returns are the store's own frozen objects.
 *
 * @example
 * const client = createDirectClient(server, { user: { name: 'system:admin', groups: ['system:masters'] } })
 * const pod = await client.get(pods, { namespace: 'default', name: 'a' })
 */
export function createDirectClient(server: ApiServer, options: DirectClientOptions): Client {
  const { verbs } = server
  const base: RequestContext = {
    user: options.user,
    userAgent: options.userAgent ?? 'shoal',
    warn: options.warn ?? (() => {}),
  }
  const contextFor = (signal: AbortSignal | undefined) => (signal === undefined ? base : { ...base, signal })
  const resourceOf = (type: ResourceType) => resolve(server, type)
  const targetOf = (type: ResourceType, key: ObjectKey, subresource?: string) =>
    objectTarget(resourceOf(type), key, subresource)

  return {
    async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, how: Parameters<Client['get']>[2] = {}) {
      return (await verbs.get(contextFor(how.signal), targetOf(type, key, how.subresource), how)) as T
    },
    async list<T extends KubeObject>(type: ResourceType<T>, how: Parameters<Client['list']>[1] = {}) {
      const target = collectionTarget(resourceOf(type), how.namespace)
      return (await verbs.list(contextFor(how.signal), target, how)) as ObjectList<T>
    },
    watch<T extends KubeObject>(type: ResourceType<T>, how: WatchOptions, handler: WatchHandler<T>): Watch {
      const begin = () =>
        startWatch(server.engine, base, collectionTarget(resourceOf(type), how.namespace), how, handler as WatchHandler)
      return beginOrClose(begin, handler as WatchHandler)
    },
    async create<T extends KubeObject>(type: ResourceType<T>, object: T, how: Parameters<Client['create']>[2] = {}) {
      const target = collectionTarget(resourceOf(type), object.metadata.namespace)
      return (await verbs.create(contextFor(how.signal), target, { value: object }, how)).object as T
    },
    async createSubresource<R extends KubeObject>(
      type: ResourceType,
      key: ObjectKey,
      subresource: string,
      body: KubeObject,
      how: Parameters<Client['createSubresource']>[4] = {},
    ) {
      const target = { ...targetOf(type, key), subresource }
      return (await verbs.createSubresource(contextFor(how.signal), target, { value: body }, how)).object as R
    },
    async update<T extends KubeObject>(type: ResourceType<T>, object: T, how: Parameters<Client['update']>[2] = {}) {
      const { name = '', namespace } = object.metadata
      const target = targetOf(type, namespace === undefined ? { name } : { name, namespace }, how.subresource)
      return (await verbs.update(contextFor(how.signal), target, { value: object }, how)).object as T
    },
    async patch<T extends KubeObject>(
      type: ResourceType<T>,
      key: ObjectKey,
      change: Parameters<Client['patch']>[2],
      how: Parameters<Client['patch']>[3] = {},
    ) {
      const target = targetOf(type, key, how.subresource)
      return (await verbs.patch(contextFor(how.signal), target, change, how)).object as T
    },
    async delete<T extends KubeObject>(
      type: ResourceType<T>,
      key: ObjectKey,
      how: Parameters<Client['delete']>[2] = {},
    ) {
      const answer = await verbs.delete(contextFor(how.signal), targetOf(type, key), how)
      return answer.object as T | (Status & T)
    },
    async deleteCollection(type, how = {}) {
      await verbs.deleteCollection(contextFor(how.signal), collectionTarget(resourceOf(type), how.namespace), how)
    },
    async *logs(key, how = {}) {
      yield* await verbs.logs(contextFor(how.signal), targetOf(pods, key), how)
    },
  }
}

/** A watch that cannot begin closes, in a later turn as all of a watch's news. */
function beginOrClose(begin: () => Watch, handler: WatchHandler): Watch {
  try {
    return begin()
  } catch (error) {
    let open = true
    queueMicrotask(() => {
      if (open) handler.closed(error instanceof Error ? error : new Error(String(error)))
    })
    return { close: () => void (open = false) }
  }
}

function resolve({ registry }: ApiServer, type: ResourceType): ServedResource {
  const resource = registry.find(type.group, type.version, type.plural)
  if (resource !== undefined) return resource
  throw apiError('NotFound', 'the server could not find the requested resource', {})
}

function collectionTarget(resource: ServedResource, namespace: string | undefined): CollectionTarget {
  return namespace === undefined || !resource.type.namespaced ? { resource } : { resource, namespace }
}

function objectTarget(resource: ServedResource, key: ObjectKey, subresource: string | undefined): ObjectTarget {
  const { name, namespace } = key
  return {
    resource,
    name,
    ...(namespace !== undefined && resource.type.namespaced && { namespace }),
    ...(subresource !== undefined && { subresource }),
  }
}
