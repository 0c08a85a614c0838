import type { KubeObject } from '../api/object.ts'

/**
 * Hears of changes, in order, with the cache already up to date. Called synchronously for each change of a batch; what
 * takes long belongs in a queue. A listener that throws is logged and keeps being called.
 */
export interface Listener<T extends KubeObject> {
  added?(object: T): void
  updated?(object: T, previous: T): void
  /** `object` is the last state known, perhaps an older one than the last that there was. */
  deleted?(object: T): void
  /** Once after each batch, also where the batch only moved the version on: the place to start work that batches. */
  settled?(): void
}
