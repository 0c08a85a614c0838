/** How a type's JSON looks: what decoding, patches and managed fields are driven by. Compiled on first use. */
export type Schema =
  | ObjectSchema
  | MapSchema
  | ListSchema
  | { readonly kind: 'scalar'; readonly scalar: Scalar; readonly goType: string }
  /** Anything: kept as it is. */
  | { readonly kind: 'any' }

export type Scalar =
  'string' | 'boolean' | 'int32' | 'int64' | 'double' | 'bytes' | 'time' | 'micro-time' | 'quantity' | 'int-or-string'

export interface ObjectSchema {
  readonly kind: 'object'
  /** The type's name in error messages, such as `v1.Container`. */
  readonly goType: string
  readonly fields: ReadonlyMap<string, FieldSchema>
  /** Replaced as a whole by server-side apply. */
  readonly atomic: boolean
  /** Fields that no schema names are kept (custom resources), rather than dropped. */
  readonly preserveUnknown: boolean
}

export interface FieldSchema {
  readonly schema: Schema
  readonly required: boolean
  /** How a strategic merge patch treats the field. */
  readonly patch: { readonly merge: boolean; readonly retainKeys: boolean; readonly mergeKey?: string }
}

export interface MapSchema {
  readonly kind: 'map'
  readonly values: Schema
  readonly atomic: boolean
}

export interface ListSchema {
  readonly kind: 'list'
  readonly items: Schema
  /** How server-side apply merges it. */
  readonly list: 'atomic' | 'set' | 'map'
  /** Of a `map` list, with their defaults. */
  readonly keys: readonly { readonly name: string; readonly fallback?: unknown }[]
}

/** The schema of a published definition, such as `io.k8s.api.core.v1.Pod`. Throws a RangeError where there is none. */
export function schemaOf(definition: string): Schema {
  throw new RangeError(`No schema named ${definition}`)
}
