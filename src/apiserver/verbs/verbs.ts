import type { Status } from '../../api/generated/meta-v1.ts'
import type { KubeObject, ObjectList } from '../../api/object.ts'
import type {
  GetOptions,
  ListOptions,
  LogOptions,
  Patch,
  PatchOptions,
  RemoveOptions,
  UpdateOptions,
  Watch,
  WatchHandler,
  WatchOptions,
  WriteOptions,
} from '../../client/client.ts'
import type { ConnectLocation } from '../subresources/connect.ts'
import type { ProxyLocation } from '../subresources/proxy.ts'
import type { Answer, Body, CollectionTarget, ObjectTarget, RequestContext } from './request.ts'

/**
 * The API server without a protocol: what HTTP and the direct client both call. Each verb authorizes, admits, validates,
 * commits and answers, and rejects with an `ApiError` whose Status is the answer for the client.
 *
 * Objects in answers are frozen and shared: the same stored object in the same version is the same JavaScript object, so
 * its encoded bytes can be (and are, in `encoding.ts`) cached beside it. The transport checks that the resource serves
 * the verb (405 where it does not); a transport that wants to refuse before it reads a body asks the Authorizer itself.
 */
export interface Verbs {
  /** One object, or one of its subresources (`status`, `scale`, ...; not `log`, which is a stream). */
  get(context: RequestContext, target: ObjectTarget, options?: GetOptions): Promise<KubeObject>
  /** `options.namespace` is ignored: the target names it. */
  list(context: RequestContext, target: CollectionTarget, options?: ListOptions): Promise<ObjectList>
  /**
   * Resolves when the watch has begun, before its first event; rejects where it cannot (Expired, bad selector). The
   * transport ends it (`timeoutSeconds`, a closed connection) by `close()`.
   */
  watch(
    context: RequestContext,
    target: CollectionTarget & { readonly name?: string },
    options: WatchOptions,
    handler: WatchHandler,
  ): Promise<Watch>
  create(context: RequestContext, target: CollectionTarget, body: Body, options?: WriteOptions): Promise<Answer>
  /** POST to a subresource (`binding`, `eviction`, `token`). */
  createSubresource(
    context: RequestContext,
    target: ObjectTarget & { readonly subresource: string },
    body: Body,
    options?: WriteOptions,
  ): Promise<Answer>
  /** `options.subresource` is ignored: the target names it. */
  update(context: RequestContext, target: ObjectTarget, body: Body, options?: UpdateOptions): Promise<Answer>
  patch(context: RequestContext, target: ObjectTarget, patch: Patch, options?: PatchOptions): Promise<Answer>
  /** Answers the object where it lives on (202 for pods within their grace, else 200), or a Status or the object. */
  delete(
    context: RequestContext,
    target: ObjectTarget,
    options?: RemoveOptions,
  ): Promise<Answer<KubeObject | StatusObject>>
  /** Answers the list of what was deleted. */
  deleteCollection(
    context: RequestContext,
    target: CollectionTarget,
    options?: ListOptions & RemoveOptions,
  ): Promise<ObjectList>
  /** GET of `log`: resolves when the stream has begun. */
  logs(context: RequestContext, target: ObjectTarget, options?: LogOptions): Promise<AsyncIterable<Uint8Array>>
  /** exec, attach and port-forward: resolves to where the connection goes; `container` may be empty for the only one. */
  connect(
    context: RequestContext,
    target: ObjectTarget & { readonly subresource: string },
    verb: 'get' | 'create',
    container: string,
    /** What else was said of the connection, for admission: the fields of `PodExecOptions` and its like. */
    options?: object,
  ): Promise<ConnectLocation>
  /** `proxy` of a pod, a service or a node: resolves to where the request goes. `verb` is that of its method. */
  proxy(
    context: RequestContext,
    target: ObjectTarget & { readonly subresource: string },
    verb: string,
    /** Behind `proxy`, for admission. */
    path?: string,
  ): Promise<ProxyLocation>
}

/** A Status as the body of an answer. */
export type StatusObject = Status & KubeObject
