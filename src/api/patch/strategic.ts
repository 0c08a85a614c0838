import type { Schema } from '../schema/schema.ts'

/**
 * Kubernetes' strategic merge patch, with all its directives. Throws a BadRequest ApiError where the patch is malformed.
 */
export function applyStrategicPatch(schema: Schema, target: unknown, patch: unknown): unknown {
  void [schema, target, patch]
  throw new Error('not built yet')
}
