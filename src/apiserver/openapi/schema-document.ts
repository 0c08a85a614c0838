import { SCHEMAS } from '../../api/generated/schemas.ts'

/** A schema as OpenAPI writes it. */
export type SchemaDocument = Readonly<Record<string, unknown>>

/** The compact form in which schemas are generated: see `api/schema/schema.ts`. */
interface CompactObject {
  readonly a?: 1
  readonly f: Readonly<Record<string, CompactField>>
}

interface CompactField {
  readonly t: CompactType
  readonly r?: 1
  readonly p?: string
  readonly k?: string
}

type CompactType =
  | string
  | { readonly i: CompactType; readonly l?: string; readonly k?: readonly string[] }
  | { readonly v: CompactType; readonly a?: 1 }

/** Where references point: OpenAPI 3 and 2 keep their schemas in different places. */
export type RefPrefix = '#/components/schemas/' | '#/definitions/'

const SCALARS: Readonly<Record<string, SchemaDocument>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  time: { type: 'string', format: 'date-time' },
  'micro-time': { type: 'string', format: 'date-time' },
  quantity: { type: 'string', format: 'quantity' },
  'int-or-string': { type: 'string', format: 'int-or-string' },
  // What Kubernetes publishes of values that may be anything; clients fail on a schema that says nothing.
  any: { type: 'object' },
}

/** The definition `name`, and into `pending` the names of those that it refers to. Undefined where there is none. */
export function schemaDocument(name: string, prefix: RefPrefix, pending: Set<string>): SchemaDocument | undefined {
  const text = SCHEMAS[name]
  if (text === undefined) return undefined
  const compact = JSON.parse(text) as CompactObject
  const fields = Object.entries(compact.f)
  const required = fields.filter(([, field]) => field.r === 1).map(([field]) => field)
  const properties = fields.map(([field, value]) => [field, fieldDocument(value, prefix, pending)])
  return {
    type: 'object',
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...(required.length === 0 ? {} : { required }),
    ...(compact.a === 1 ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  }
}

function fieldDocument(field: CompactField, prefix: RefPrefix, pending: Set<string>): SchemaDocument {
  const type = typeDocument(field.t, prefix, pending)
  const strategy = {
    ...(field.p === undefined ? {} : { 'x-kubernetes-patch-strategy': field.p }),
    ...(field.k === undefined ? {} : { 'x-kubernetes-patch-merge-key': field.k }),
  }
  if (Object.keys(strategy).length === 0) return type
  return '$ref' in type && prefix === '#/components/schemas/'
    ? { allOf: [type], ...strategy }
    : { ...type, ...strategy }
}

function typeDocument(type: CompactType, prefix: RefPrefix, pending: Set<string>): SchemaDocument {
  if (typeof type === 'string') {
    if (!type.startsWith('#')) return SCALARS[type] ?? {}
    pending.add(type.slice(1))
    return { $ref: `${prefix}${type.slice(1)}` }
  }
  if ('v' in type) {
    const atomic = type.a === 1 ? { 'x-kubernetes-map-type': 'atomic' } : {}
    return { type: 'object', additionalProperties: typeDocument(type.v, prefix, pending), ...atomic }
  }
  return {
    type: 'array',
    items: typeDocument(type.i, prefix, pending),
    ...(type.l === undefined ? {} : { 'x-kubernetes-list-type': type.l }),
    ...(type.k === undefined ? {} : { 'x-kubernetes-list-map-keys': type.k }),
  }
}
