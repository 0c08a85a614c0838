import type { Draft } from '../draft.ts'
import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'
import { schemaOf } from './schema.ts'
import type { Schema } from './schema.ts'

/** A body as an object of its type, fresh (not shared with the input), and what strict decoding would refuse. */
export interface Decoded<T extends KubeObject = KubeObject> {
  readonly object: Draft<T>
  /** Such as `unknown field "spec.foo"`, in the order found. Unknown fields are not in `object`. */
  readonly strictErrors: readonly string[]
}

/**
 * Checks `value` (parsed JSON) against the type's schema and copies what the schema knows. Throws a BadRequest ApiError
 * with Kubernetes' message where a field has the wrong type.
 */
export function decodeObject<T extends KubeObject>(
  type: ResourceType<T>,
  value: unknown,
  schema: Schema = schemaOf(type.definition),
): Decoded<T> {
  void [value, schema]
  throw new Error('not built yet')
}

/** Kubernetes' answer to `fieldValidation=Strict` where there are strict errors. */
export function strictDecodingError(type: ResourceType, strictErrors: readonly string[]): Error {
  void [type, strictErrors]
  throw new Error('not built yet')
}
