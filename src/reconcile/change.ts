import type { KubeObject, ObjectKey } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Patch, RemoveOptions } from '../client/client.ts'

/** What a core wants done, as data. The executor performs changes in order and stops at the first that fails. */
export type Change =
  CreateChange | UpdateChange | PatchChange | DeleteChange | DeleteCollectionChange | EventChange | TogetherChange

/** Notes that become events once the outcome of a change is known: the name of a new pod, for one, is the server's. */
export interface Outcomes {
  readonly done?: (result: KubeObject) => Note
  readonly failed?: (error: Error) => Note
}

export interface CreateChange extends Outcomes {
  readonly verb: 'create'
  readonly type: ResourceType
  readonly object: KubeObject
}

/** Replaces an object, or its `subresource`. A resourceVersion in it makes the change conditional, as it should be. */
export interface UpdateChange extends Outcomes {
  readonly verb: 'update'
  readonly type: ResourceType
  readonly object: KubeObject
  readonly subresource?: string
}

export interface PatchChange extends Outcomes {
  readonly verb: 'patch'
  readonly type: ResourceType
  readonly key: ObjectKey
  readonly patch: Patch
  readonly subresource?: string
  /** Of server-side apply: as whom, over what others have said. */
  readonly forcedBy?: string
}

/** Deletes the object with that uid; one of the same name that came after it is left alone. */
export interface DeleteChange extends Outcomes {
  readonly verb: 'delete'
  readonly type: ResourceType
  readonly key: ObjectKey
  readonly uid: string
  readonly options?: Omit<RemoveOptions, 'preconditions' | 'signal'>
}

/** Deletes all objects of a resource in a namespace, their dependents after them. */
export interface DeleteCollectionChange extends Outcomes {
  readonly verb: 'deleteCollection'
  readonly type: ResourceType
  readonly namespace: string
}

export interface EventChange {
  readonly verb: 'event'
  readonly note: Note
}

/**
 * Changes that do not depend on one another. With `slowStart` they go out in batches of 1, 2, 4, ... and the rest is not
 * tried once one fails, so that a quota or a webhook that says no is not asked a thousand times (as Kubernetes does for pods).
 */
export interface TogetherChange {
  readonly verb: 'together'
  readonly changes: readonly Exclude<Change, TogetherChange>[]
  readonly slowStart?: boolean
}

/** An event to be: what is said about an object. */
export interface Note {
  readonly about: KubeObject
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  /** The part of the object that it is about, such as `spec.containers{main}`. */
  readonly fieldPath?: string
}

/** A change that says `reason` and `message` about an object as an event. */
export function event(about: KubeObject, type: Note['type'], reason: string, message: string): EventChange {
  return { verb: 'event', note: { about, type, reason, message } }
}

/** Whether performing `change` writes nothing. */
export function isEmpty(change: Change): boolean {
  return change.verb === 'together' && change.changes.length === 0
}
