import { applyJsonPatch } from '../../api/patch/json.ts'
import { applyMergePatch } from '../../api/patch/merge.ts'
import { applyStrategicPatch } from '../../api/patch/strategic.ts'
import type { Schema } from '../../api/schema/schema.ts'
import type { Patch } from '../../client/client.ts'

/** `target` with the patch applied to it; apply is another matter. */
export function patched(change: Patch, target: unknown, schema: Schema): unknown {
  if (change.type === 'json') return applyJsonPatch(target, change.patch)
  if (change.type === 'merge') return applyMergePatch(target, change.patch)
  return applyStrategicPatch(schema, target, change.patch)
}
