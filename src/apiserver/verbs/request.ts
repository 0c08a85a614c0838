import type { KubeObject } from '../../api/object.ts'
import type { AuditNotes } from '../audit/audit-notes.ts'
import type { ServedResource } from './served-resource.ts'
import type { UserInfo } from './user.ts'

export type { UserInfo } from './user.ts'

/** What every request carries, whichever transport it came by. */
export interface RequestContext {
  readonly user: UserInfo
  /** Names the field manager where the request does not: its part before the first `/`. */
  readonly userAgent?: string
  /** Takes a warning for the client (HTTP sends it as a `Warning: 299` header); called before the verb resolves. */
  readonly warn: (text: string) => void
  readonly signal?: AbortSignal
  /** Where the request is recorded: what its audit event shall say besides. */
  readonly notes?: AuditNotes
}

/** The collection that a request is about; `namespace` is absent for cluster-scoped resources and for all namespaces. */
export interface CollectionTarget {
  readonly resource: ServedResource
  readonly namespace?: string
}

/** The object that a request is about. */
export interface ObjectTarget extends CollectionTarget {
  readonly name: string
  /** Such as `status`. */
  readonly subresource?: string
}

/**
 * A request's body as parsed by the transport, not yet checked: a plain JSON value whose `apiVersion` and `kind` the
 * transport has set where they were absent and compared with the path where they were not.
 */
export interface Body {
  readonly value: unknown
  /** What strict decoding found while parsing, such as `duplicate field "metadata.name"`. */
  readonly strictErrors?: readonly string[]
}

/** One object for an answer: frozen, in the version asked for. Its JSON is `jsonOf(object)` of `store/encoding.ts`. */
export interface Answer<T extends KubeObject = KubeObject> {
  readonly object: T
  /** 200, 201 where it was created, 202 where a deletion has begun. */
  readonly code: 200 | 201 | 202
}
