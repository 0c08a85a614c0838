import type { KubeObject } from '../api/object.ts'

/**
 * Where objects live: persistent sorted maps in memory, one for each resource, made durable by an implementation.
 *
 * Two states exist side by side. The *head* has every commit that was accepted; writes and their admission check it. The
 * *durable* state is what has been flushed; reads and watches see only that. A commit extends the head at once and
 * resolves when it is durable. When a flush fails, the whole pending tail is discarded, the head falls back to the
 * durable state, and every commit in the tail rejects with a {@link StoreError}.
 *
 * Revisions start above 0, rise by one with each commit, and are never used again, not even after a failed flush.
 */
export interface Store {
  /** The state with all accepted commits, durable or not. */
  head(): Snapshot
  /** The state that is flushed. */
  durable(): Snapshot
  /**
   * Applies `mutations` together, as one revision. They take effect on the head before this returns, so a caller that
   * checked the head and commits in the same turn cannot be overtaken. Resolves to the entries written or deleted.
   * Throws a TypeError when a mutation names a key that is absent (update, delete) or present (create).
   */
  commit(mutations: readonly Mutation[]): Promise<Commit>
  /** Calls `listener` with each durable commit, in order of revision. Returns the way to stop. */
  onDurable(listener: (commits: readonly Commit[]) => void): () => void
  /**
   * Durable commits after `revision` and up to the durable one, oldest first; undefined where some of them have been
   * compacted away.
   */
  history(revision: number): readonly Commit[] | undefined
  /** The oldest revision whose state, and the commits after it, are still known. */
  oldest(): number
  /** The state as it was at a durable `revision`; undefined where that has been compacted away. */
  at(revision: number): Snapshot | undefined
  /** Forgets the history up to and including `revision`. */
  compact(revision: number): void
  /** Waits for what is pending, then releases files and memory. */
  close(): Promise<void>
}

/** An immutable state of all resources at one revision. Reading one never sees later writes, and costs no copy. */
export interface Snapshot {
  readonly revision: number
  /** `resource` is a storage name such as `pods` or `deployments.apps`; `key` is `namespace/name` or `name`. */
  get(resource: string, key: string): Entry | undefined
  /** In order of key, from `range.after` (exclusive) on, keys that start with `range.prefix`. */
  list(resource: string, range?: { readonly prefix?: string; readonly after?: string }): Iterable<Entry>
  /** How many objects of the resource there are, or with keys that start with `prefix`. */
  count(resource: string, prefix?: string): number
  /** Storage names that hold objects. */
  resources(): Iterable<string>
}

/** One object as stored: frozen, in its storage version, with its `metadata.resourceVersion` set. */
export interface Entry {
  readonly resource: string
  readonly key: string
  readonly object: KubeObject
  /** The revision of the commit that created it. */
  readonly created: number
  /** The revision of the commit that wrote it last: its resourceVersion. */
  readonly modified: number
}

export type Mutation =
  /** Writes the object; the store sets its `metadata.resourceVersion` and freezes it deeply. */
  | { readonly type: 'create' | 'update'; readonly resource: string; readonly key: string; readonly object: KubeObject }
  /** Removes it. `object` is its last state (with the time of deletion, say), told to watchers with the new revision. */
  | { readonly type: 'delete'; readonly resource: string; readonly key: string; readonly object?: KubeObject }

export interface Change {
  readonly type: 'create' | 'update' | 'delete'
  /** After the change; for a deletion the last state, with the revision of the deletion. */
  readonly entry: Entry
  /** Before the change; absent for a creation. */
  readonly previous?: Entry
}

export interface Commit {
  readonly revision: number
  readonly changes: readonly Change[]
}

/**
 * What can go wrong beneath the store. `damaged` names the record; `full`, `io` and `busy` (too many commits wait for the
 * disk) may pass, and nothing that was acknowledged is lost.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: 'full' | 'io' | 'read-only' | 'damaged' | 'locked' | 'closed' | 'busy'
  readonly hint: string

  constructor(code: StoreError['code'], message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.hint = hint
  }
}
