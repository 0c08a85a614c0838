import type { Draft } from '../../api/draft.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ServedResource } from '../verbs/served-resource.ts'

/** What an object holds that no other may: cluster addresses and node ports of Services. */
export interface Allocations {
  /**
   * Fills in and reserves what `object` needs beyond what `old` has. Throws Invalid where something asked for is taken.
   * The caller runs `undo` where the write does not happen (dry run, failed flush) and `done` when it is durable, which
   * frees what `old` had and `object` has no more.
   */
  reserve(resource: ServedResource, object: Draft<KubeObject>, old: KubeObject | undefined): Reservation | undefined
  /** Frees what a deleted object held. */
  release(resource: ServedResource, object: KubeObject): void
}

export interface Reservation {
  done(): void
  undo(): void
}
