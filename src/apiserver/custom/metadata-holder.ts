import type { FieldSchema, ObjectSchema, Schema } from '../../api/schema/schema.ts'
import { schemaOf } from '../../api/schema/schema.ts'

/** What every object has, as a schema: for decoding a custom resource's `metadata` as that of any other kind. */
export const METADATA_HOLDER: ObjectSchema = {
  kind: 'object',
  goType: 'unstructured.Unstructured',
  fields: new Map([
    ['apiVersion', field({ kind: 'scalar', scalar: 'string', goType: 'string' })],
    ['kind', field({ kind: 'scalar', scalar: 'string', goType: 'string' })],
    ['metadata', metadataField()],
  ]),
  atomic: false,
  preserveUnknown: false,
}

/** A field that patches merge by RFC 7386. */
export function field(schema: Schema, required = false): FieldSchema {
  return { schema, required, zero: 'as given', keepsEmpty: true, patch: { merge: false, retainKeys: false } }
}

/** Compiled when first read: a server without custom resources never does. */
function metadataField(): FieldSchema {
  return Object.defineProperty({ ...field({ kind: 'any' }, true) }, 'schema', {
    get: () => schemaOf('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'),
  })
}
