import { keyOf } from '../api/object.ts'
import type { KubeObject, ObjectKey, ObjectList } from '../api/object.ts'
import type { Status } from '../api/generated/meta-v1.ts'
import { pods } from '../api/generated/resources.ts'
import type { ResourceType } from '../api/resource-type.ts'
import { apiVersionOf } from '../api/resource-type.ts'
import type { Client, ListOptions, LogOptions, Patch, PatchOptions, RemoveOptions, WriteOptions } from './client.ts'
import type { Connection, Endpoint, HttpRequest } from './http/connection.ts'
import { openConnection } from './http/connection.ts'
import { collectionPath, objectPath, queryString } from './http/resource-path.ts'
import { failureOf, readAll, readJson } from './http/response.ts'
import { openWatch } from './http/watch.ts'

/** A client over HTTP or HTTPS, for any Kubernetes API server. Closing it ends its connections and watches. */
export interface HttpClient extends Client, Disposable {
  /** A GET of any path, such as `/version`; resolves to its JSON. */
  getPath(path: string, signal?: AbortSignal): Promise<unknown>
  close(): void
}

export interface HttpClientOptions {
  /** Kubernetes names the field manager after its part before the first `/`. Default `shoal`. */
  readonly userAgent?: string
}

export function createHttpClient(endpoint: Endpoint, options: HttpClientOptions = {}): HttpClient {
  const connection = openConnection(endpoint, options.userAgent ?? 'shoal')
  const close = () => connection.close()
  const json = <T>(request: HttpRequest) => sendForJson<T>(connection, request)
  return {
    ...reads(connection, json),
    ...writes(json),
    getPath: (path, signal) => json({ method: 'GET', path, ...signalOf(signal) }),
    close,
    [Symbol.dispose]: close,
  }
}

type SendJson = <T>(request: HttpRequest) => Promise<T>

async function sendForJson<T>(connection: Connection, request: HttpRequest): Promise<T> {
  const response = await connection.send(request)
  return (await readJson(response)) as T
}

const signalOf = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal })

function reads(connection: Connection, json: SendJson): Pick<Client, 'get' | 'list' | 'watch' | 'logs'> {
  return {
    get(type, key, { subresource, signal, ...options } = {}) {
      const path = objectPath(type, key, subresource) + queryString({ ...options })
      return json({ method: 'GET', path, ...signalOf(signal) })
    },
    async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}) {
      const { namespace, signal, ...asked } = options
      const path = collectionPath(type, namespace) + queryString({ ...asked })
      return withKinds(type, await json<ObjectList<T>>({ method: 'GET', path, ...signalOf(signal) }))
    },
    watch: (type, options, handler) => openWatch(connection, type, options, handler),
    logs: (key, options) => streamLogs(connection, key, options),
  }
}

/** Lists of built-in kinds leave their items' apiVersion and kind to be known from the list: put back here. */
function withKinds<T extends KubeObject>(type: ResourceType<T>, list: ObjectList<T>): ObjectList<T> {
  const own = { apiVersion: apiVersionOf(type), kind: type.kind }
  return { ...list, items: (list.items ?? []).map((item) => ({ ...own, ...item })) }
}

async function* streamLogs(
  connection: Connection,
  key: ObjectKey,
  options: LogOptions = {},
): AsyncIterable<Uint8Array> {
  const { signal, ...asked } = options
  const path = objectPath(pods, key, 'log') + queryString({ ...asked })
  const response = await connection.send({ method: 'GET', path, streaming: true, ...signalOf(signal) })
  // A kubelet that has nothing to send yet says so.
  if (response.statusCode === 204) return void response.resume()
  if (response.statusCode !== 200) throw failureOf(response, await readAll(response))
  yield* response as AsyncIterable<Uint8Array>
}

type WriteMethods = 'create' | 'createSubresource' | 'update' | 'patch' | 'delete' | 'deleteCollection'

function writes(json: SendJson): Pick<Client, WriteMethods> {
  return {
    create(type, object, options) {
      const path = collectionPath(type, object.metadata.namespace) + writeQuery(options)
      return json({ method: 'POST', path, body: JSON.stringify(object), ...signalOf(options?.signal) })
    },
    createSubresource(type, key, subresource, body, options) {
      const path = objectPath(type, key, subresource) + writeQuery(options)
      return json({ method: 'POST', path, body: JSON.stringify(body), ...signalOf(options?.signal) })
    },
    update(type, object, options) {
      const path = objectPath(type, keyOf(object), options?.subresource) + writeQuery(options)
      return json({ method: 'PUT', path, body: JSON.stringify(object), ...signalOf(options?.signal) })
    },
    patch(type, key, patch, options) {
      const path = objectPath(type, key, options?.subresource) + writeQuery(options)
      const content = { body: JSON.stringify(patch.patch), contentType: PATCH_TYPES[patch.type] }
      return json({ method: 'PATCH', path, ...content, ...signalOf(options?.signal) })
    },
    delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options: RemoveOptions = {}) {
      return json<T | Status>({ method: 'DELETE', path: objectPath(type, key), ...removeBody(options) })
    },
    async deleteCollection(type, options = {}) {
      const { labelSelector, fieldSelector, namespace, ...rest } = options
      const path = collectionPath(type, namespace) + queryString({ labelSelector, fieldSelector })
      await json({ method: 'DELETE', path, ...removeBody(rest) })
    },
  }
}

const PATCH_TYPES: Readonly<Record<Patch['type'], string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

function writeQuery(options: WriteOptions & Pick<PatchOptions, 'force'> = {}): string {
  const { fieldManager, fieldValidation, dryRun, force } = options
  return queryString({ fieldManager, fieldValidation, dryRun: dryRun === true ? 'All' : undefined, force })
}

function removeBody({ gracePeriodSeconds, propagationPolicy, preconditions, dryRun, signal }: RemoveOptions) {
  const options = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    gracePeriodSeconds,
    propagationPolicy,
    preconditions,
    ...(dryRun === true ? { dryRun: ['All'] } : {}),
  }
  return { body: JSON.stringify(options), ...signalOf(signal) }
}
