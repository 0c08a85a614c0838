import type { KubeObject } from '../api/object.ts'
import { keyString } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import { ApiError, hasReason } from '../api/meta/status.ts'
import type { Client } from '../client/client.ts'
import type { Change, DeleteChange, PatchChange, Note, TogetherChange } from './change.ts'

/** Most requests of one decision that are under way at once. */
export const EXECUTOR_PARALLELISM = 100

/** Something written that caches have yet to show: an object at a version, or the absence of one. */
export type Written =
  | { readonly kind: 'version'; readonly type: ResourceType; readonly resourceVersion: string }
  | { readonly kind: 'deletion'; readonly type: ResourceType; readonly key: string; readonly uid: string }

export interface ExecutorHooks {
  wrote(written: Written): void
  event(note: Note): void
}

/**
 * `stale`: the decision was made from what is no longer so, and the rest of it was not performed; `taken`: likewise, for a name that
 * somebody else has, who may keep it.
 */
export type Performed = 'done' | 'stale' | 'taken'

type Single = Exclude<Change, TogetherChange>
type SingleObjectChange = Exclude<Single, { verb: 'event' | 'deleteCollection' }>

/**
 * Performs changes in order. A conflict, or a name that is taken, makes the decision stale; deleting what is gone succeeds;
 * changing what is gone, or creating in a namespace that is being deleted, ends it quietly. Anything else is thrown.
 */
export async function perform(
  client: Client,
  changes: readonly Change[],
  hooks: ExecutorHooks,
  signal: AbortSignal,
): Promise<Performed> {
  for (const change of changes) {
    if (change.verb === 'together') {
      const outcome = await performTogether(client, change, hooks, signal)
      if (outcome !== 'done') return outcome
    } else {
      const outcome = await performOne(client, change, hooks, signal)
      if (outcome !== 'done') return outcome
    }
  }
  return 'done'
}

async function performTogether(
  client: Client,
  together: TogetherChange,
  hooks: ExecutorHooks,
  signal: AbortSignal,
): Promise<Performed> {
  let size = together.slowStart === true ? 1 : EXECUTOR_PARALLELISM
  for (let start = 0; start < together.changes.length;) {
    const batch = together.changes.slice(start, start + size)
    const results = await Promise.allSettled(batch.map((change) => performOne(client, change, hooks, signal)))
    const failure = results.find((result) => result.status === 'rejected')
    if (failure !== undefined) throw failure.reason
    const notDone = results.find((result) => result.status === 'fulfilled' && result.value !== 'done')
    if (notDone?.status === 'fulfilled') return notDone.value
    start += batch.length
    size = Math.min(size * 2, EXECUTOR_PARALLELISM)
  }
  return 'done'
}

async function performOne(
  client: Client,
  change: Single,
  hooks: ExecutorHooks,
  signal: AbortSignal,
): Promise<Performed> {
  if (change.verb === 'event') {
    hooks.event(change.note)
    return 'done'
  }
  try {
    if (change.verb === 'deleteCollection') {
      const { type, namespace } = change
      await client.deleteCollection(type, { namespace, propagationPolicy: 'Background', signal })
      return 'done'
    }
    const result = await send(client, change, signal)
    note(change, result, hooks)
    if (change.done !== undefined) hooks.event(change.done(result))
    return 'done'
  } catch (error) {
    return settle(change, error as Error, hooks)
  }
}

/** What a failed change means, where it does not mean failure. */
function settle(change: Exclude<Single, { verb: 'event' }>, error: Error, hooks: ExecutorHooks): Performed {
  if (hasReason(error, 'Conflict')) return 'stale'
  if (hasReason(error, 'AlreadyExists')) return 'taken'
  if (change.verb !== 'create' && hasReason(error, 'NotFound')) return 'done'
  if (change.verb === 'create' && isNamespaceGone(error)) return 'done'
  if (change.failed !== undefined) hooks.event(change.failed(error))
  throw error
}

async function send(client: Client, change: SingleObjectChange, signal: AbortSignal): Promise<KubeObject> {
  const subresource =
    'subresource' in change && change.subresource !== undefined ? { subresource: change.subresource } : {}
  switch (change.verb) {
    case 'create':
      return client.create(change.type, change.object, { signal })
    case 'update':
      return client.update(change.type, change.object, { ...subresource, signal })
    case 'patch':
      return client.patch(change.type, change.key, change.patch, { ...subresource, ...forced(change), signal })
    case 'delete':
      return sendDelete(client, change, signal)
  }
}

const forced = ({ forcedBy }: PatchChange) => (forcedBy === undefined ? {} : { fieldManager: forcedBy, force: true })

async function sendDelete(client: Client, change: DeleteChange, signal: AbortSignal): Promise<KubeObject> {
  const options = { ...change.options, preconditions: { uid: change.uid }, signal }
  return (await client.delete(change.type, change.key, options)) as KubeObject
}

/** Tells what the caches have to show before the next decision is made. */
function note(change: SingleObjectChange, result: KubeObject, hooks: ExecutorHooks): void {
  const { type } = change
  if (change.verb === 'delete') {
    return hooks.wrote({ kind: 'deletion', type, key: keyString(change.key), uid: change.uid })
  }
  const { resourceVersion } = result.metadata
  if (resourceVersion !== undefined && result.kind === type.kind)
    hooks.wrote({ kind: 'version', type, resourceVersion })
}

/** Kubernetes refuses to create in a namespace that is going; its controllers take that for an end, not an error. */
function isNamespaceGone(error: Error): boolean {
  if (!(error instanceof ApiError)) return false
  if (error.reason === 'NotFound') return true
  return error.status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') ?? false
}
