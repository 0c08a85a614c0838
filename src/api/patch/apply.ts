import type { KubeObject } from '../object.ts'
import type { Schema } from '../schema/schema.ts'

/** Who applies, and how. */
export interface ApplyOptions {
  readonly manager: string
  readonly force: boolean
  readonly subresource?: string
  /** RFC 3339, for the managed fields' entries. */
  readonly time: string
}

/**
 * Server-side apply: merges `applied` (decoded, not defaulted) into `live` (or an empty object), removes what the manager
 * applied before and no longer does. The result has the new `metadata.managedFields`. Throws Conflict (409) with a cause
 * for each field that others manage, unless forced.
 */
export function applyConfiguration(
  schema: Schema,
  live: KubeObject | undefined,
  applied: KubeObject,
  options: ApplyOptions,
): KubeObject {
  void [schema, live, applied, options]
  throw new Error('not built yet')
}
