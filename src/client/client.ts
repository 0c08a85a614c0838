import type { DeleteOptions, Status } from '../api/generated/meta-v1.ts'
import type { KubeObject, ObjectKey, ObjectList } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'

/**
 * The API, as everyone inside and outside uses it: the typed verbs of Kubernetes. One implementation speaks HTTP, another
 * calls the API server's verbs in the same process. All methods reject with an `ApiError` when the server says no, and
 * with the signal's reason when `signal` is aborted. Objects are immutable: the direct transport shares frozen ones.
 */
export interface Client {
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: GetOptions): Promise<T>
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<ObjectList<T>>
  /**
   * Follows changes after `options.resourceVersion`. `handler.events` receives them in order, in batches as they become
   * durable; `handler.closed` is called exactly once, whatever ends the watch, unless the caller closed it.
   */
  watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions, handler: WatchHandler<T>): Watch
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: CreateOptions): Promise<T>
  /** Posts `body` to a subresource that takes an object of its own, such as `binding`, `eviction` or `token`. */
  createSubresource<R extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: KubeObject,
    options?: WriteOptions,
  ): Promise<R>
  /** Replaces the object; a `metadata.resourceVersion` in it must be the current one, else Conflict. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: UpdateOptions): Promise<T>
  patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: Patch, options?: PatchOptions): Promise<T>
  /** Resolves to the object where it lives on (finalizers, grace), else to a Success Status or the deleted object. */
  delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: RemoveOptions): Promise<T | Status>
  deleteCollection<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions & RemoveOptions): Promise<void>
  /** The log of a container, as its bytes arrive. */
  logs(key: ObjectKey, options?: LogOptions): AsyncIterable<Uint8Array>
}

export interface GetOptions {
  readonly subresource?: string
  readonly resourceVersion?: string
  readonly signal?: AbortSignal
}

export interface ListOptions {
  /** All namespaces where absent. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
  readonly signal?: AbortSignal
}

export interface WatchOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Changes after this revision; absent or `0`: the objects that exist first, as ADDED events. */
  readonly resourceVersion?: string
  readonly allowWatchBookmarks?: boolean
  readonly sendInitialEvents?: boolean
}

export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** `object` has only kind, apiVersion and `metadata.resourceVersion`: nothing before it will be sent again. */
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject }

export interface WatchHandler<T extends KubeObject = KubeObject> {
  events(events: readonly WatchEvent<T>[]): void
  /** `error` is an `ApiError` (Expired, reason 410, where the version was compacted), a transport failure, or absent. */
  closed(error?: Error): void
}

export interface Watch {
  close(): void
}

export interface WriteOptions {
  readonly fieldManager?: string
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict'
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
}

export type CreateOptions = WriteOptions

export interface UpdateOptions extends WriteOptions {
  /** Such as `status`: only that part of the object is written. */
  readonly subresource?: string
}

export interface PatchOptions extends UpdateOptions {
  /** Server-side apply only: take over fields that others manage. */
  readonly force?: boolean
}

/** A patch in one of the four forms that Kubernetes knows. */
export type Patch =
  | { readonly type: 'json'; readonly patch: readonly JsonPatchOperation[] }
  | { readonly type: 'merge' | 'strategic' | 'apply'; readonly patch: unknown }

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test'
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

export interface RemoveOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  readonly preconditions?: NonNullable<DeleteOptions['preconditions']>
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
}

export interface LogOptions {
  readonly container?: string
  readonly follow?: boolean
  readonly previous?: boolean
  readonly sinceSeconds?: number
  readonly sinceTime?: string
  readonly tailLines?: number
  readonly limitBytes?: number
  readonly timestamps?: boolean
  readonly signal?: AbortSignal
}
