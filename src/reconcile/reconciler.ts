import type { KubeObject } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import type { Informer } from '../informer/informer.ts'
import type { Informers } from '../informer/informers.ts'
import type { InformerScope } from '../informer/scope.ts'
import type { Change } from './change.ts'
import type { RetryBackoff } from './rate-limiter.ts'
import type { Source } from './source.ts'

/** What is to be done about a key now, and when to look again where no change of an object will say so. */
export interface Decision {
  readonly changes: readonly Change[]
  /** What is done where one of the changes failed: mostly the status, which is true all the same. */
  readonly whenFailed?: (error: Error) => readonly Change[]
  /** Likewise where a name that is needed is somebody else's. */
  readonly whenTaken?: () => readonly Change[]
  readonly requeueAfterMs?: number
}

/** Nothing to do. */
export const SETTLED: Decision = { changes: [] }

/**
 * Brings the world nearer to what the object of `key` wants, a step at a time: level-based, never told what happened, only
 * that something may have. It is called for one key at a time, and not again before the caches have seen what it wrote.
 * Pure controllers take what they need from their informers and return a decision; one that has to ask the server may
 * return a promise. Throwing means: try again later, with back-off.
 */
export type Reconcile = (key: string, nowMs: number) => Decision | Promise<Decision>

/** A controller as the manager starts it. */
export interface Controller {
  /** Such as `job-controller`: also that of its service account in kube-system, and of the source of its events. */
  readonly name: string
  /** Its service account in kube-system, where that is another's. */
  readonly account?: string
  /** The source that its events name, where that is not `name`. */
  readonly eventSource?: string
  build(context: ControllerContext): ControllerParts
}

export interface ControllerParts {
  readonly sources: readonly Source[]
  readonly reconcile: Reconcile
  /** How many keys are worked on at once; default 5. */
  readonly concurrency?: number
  /** How long a key waits that failed; default Kubernetes' own for controllers, which begins with 5 ms. */
  readonly retry?: RetryBackoff
  /** Releases what `build` took beyond informers. */
  readonly close?: () => void
}

export interface ControllerContext {
  readonly env: Environment
  /** Acts as the controller's own user. */
  readonly client: Client
  /** A shared informer whose first list the controller waits for before it does anything. */
  informer<T extends KubeObject>(type: ResourceType<T>, scope?: InformerScope): Informer<T>
  /** All shared informers, for those that come and go. */
  readonly informers: Informers
}
