import { SCHEMAS } from '../generated/schemas.ts'

/** How a type's JSON looks: what decoding, patches and managed fields are driven by. Compiled on first use. */
export type Schema = ObjectSchema | MapSchema | ListSchema | ScalarSchema | AnySchema

/** Anything: kept as it is. */
export interface AnySchema {
  readonly kind: 'any'
  /** Owned as a whole: what is kept as it is within Kubernetes' own kinds. */
  readonly atomic?: true
}

export interface ScalarSchema {
  readonly kind: 'scalar'
  readonly scalar: Scalar
  /** The type's name in messages about a wrong one, such as `int32` or `v1.PullPolicy`. */
  readonly goType: string
}

export type Scalar =
  'string' | 'boolean' | 'int32' | 'int64' | 'double' | 'bytes' | 'time' | 'micro-time' | 'quantity' | 'int-or-string'

export interface ObjectSchema {
  readonly kind: 'object'
  /** The type's name in messages, such as `v1.Container`. */
  readonly goType: string
  readonly fields: ReadonlyMap<string, FieldSchema>
  /** Replaced as a whole by server-side apply. */
  readonly atomic: boolean
  /** Fields that no schema names are kept (custom resources), rather than dropped. */
  readonly preserveUnknown: boolean
}

export interface FieldSchema {
  /** Compiled when first read: definitions refer to each other, some to themselves. */
  readonly schema: Schema
  readonly required: boolean
  /** What is written where it is zero: its zero value, nothing, or whatever was given. */
  readonly zero: 'written' | 'omitted' | 'as given'
  /** An empty list or map is kept as such: Kubernetes stores the kind as JSON. Others it stores as Protobuf, which knows none. */
  readonly keepsEmpty: boolean
  /** How a strategic merge patch treats the field. */
  readonly patch: FieldPatch
}

export interface FieldPatch {
  readonly merge: boolean
  readonly retainKeys: boolean
  readonly mergeKey?: string
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
  /** Of a `map` list: the fields that name an item, with what an absent one stands for. */
  readonly keys: readonly ListKey[]
}

export interface ListKey {
  readonly name: string
  readonly fallback?: string | number
}

const compiled = new Map<string, ObjectSchema>()

/** The schema of a published definition, such as `io.k8s.api.core.v1.Pod`. Throws a RangeError where there is none. */
export function schemaOf(definition: string): ObjectSchema {
  const known = compiled.get(definition)
  if (known !== undefined) return known
  const text = SCHEMAS[definition]
  if (text === undefined) throw new RangeError(`No schema is named ${definition}`)
  const schema = compile(definition, JSON.parse(text) as CompactObject)
  compiled.set(definition, schema)
  return schema
}

/** What the generator writes: `f` fields, `a` atomic. */
interface CompactObject {
  readonly a?: 1
  readonly f: Readonly<Record<string, CompactField>>
}

/** `t` type, `g` Go type, `r` required, `w` zero is written, `z` zero is omitted, `p` patch strategy, `k` merge key. */
interface CompactField {
  readonly t: CompactType
  readonly g?: string
  readonly r?: 1
  readonly w?: 1
  readonly z?: 1
  readonly p?: string
  readonly k?: string
}

/** A scalar's name, `#definition` (`~#` where its fields have owners of their own although the type's have not), a list (`i` items, `l` list type, `k` keys) or a map (`v` values, `a` atomic). */
type CompactType =
  | string
  | { readonly i: CompactType; readonly l?: 'atomic' | 'set' | 'map'; readonly k?: readonly string[] }
  | { readonly v: CompactType; readonly a?: 1 }

function compile(definition: string, compact: CompactObject): ObjectSchema {
  const parts = definition.split('.')
  const fields = new Map(
    Object.entries(compact.f).map(([name, field]) => [name, compileField(field, isStoredAsJson(definition))]),
  )
  const goType = `${parts.at(-2)}.${parts.at(-1)}`
  return { kind: 'object', goType, fields, atomic: compact.a === 1, preserveUnknown: false }
}

/** The definitions that other servers than the core one brought. */
const isStoredAsJson = (definition: string) =>
  !definition.startsWith('io.k8s.api') || definition.startsWith('io.k8s.apiextensions')

function compileField(field: CompactField, keepsEmpty: boolean): FieldSchema {
  let schema: Schema | undefined
  const strategies = field.p?.split(',') ?? []
  const patch = { merge: strategies.includes('merge'), retainKeys: strategies.includes('retainKeys') }
  return {
    get schema() {
      return (schema ??= compileType(field.t, field.g))
    },
    required: field.r === 1,
    keepsEmpty,
    zero: field.w === 1 ? 'written' : field.z === 1 ? 'omitted' : 'as given',
    patch: field.k === undefined ? patch : { ...patch, mergeKey: field.k },
  }
}

function compileType(type: CompactType, goType?: string): Schema {
  if (typeof type === 'string') {
    if (type.startsWith('#')) return schemaOf(type.slice(1))
    if (type.startsWith('~#')) return { ...schemaOf(type.slice(2)), atomic: false }
    if (type === 'any') return { kind: 'any', atomic: true }
    return { kind: 'scalar', scalar: type as Scalar, goType: goType ?? GO_TYPES[type] ?? type }
  }
  if ('v' in type) return { kind: 'map', values: compileType(type.v), atomic: type.a === 1 }
  const items = compileType(type.i)
  const keys = (type.k ?? []).map((name) => ({ name, ...fallbackOf(items, name) }))
  return { kind: 'list', items, list: type.l ?? 'atomic', keys }
}

/** What an absent key stands for: the default that Kubernetes publishes, which is the zero of what is always written. */
function fallbackOf(items: Schema, key: string): { readonly fallback?: string | number } {
  if (key === 'protocol') return { fallback: 'TCP' }
  const field = items.kind === 'object' ? items.fields.get(key) : undefined
  const isLocalName = items.kind === 'object' && items.goType === 'v1.LocalObjectReference'
  if (field?.zero !== 'written' && !isLocalName) return {}
  return { fallback: field?.schema.kind === 'scalar' && field.schema.scalar.startsWith('int') ? 0 : '' }
}

const GO_TYPES: Readonly<Record<string, string>> = {
  boolean: 'bool',
  double: 'float64',
  bytes: '[]uint8',
  'int-or-string': 'int32',
}

/** A schema's type as Go names it in messages. */
export function goTypeOf(schema: Schema): string {
  if (schema.kind === 'list') return `[]${goTypeOf(schema.items)}`
  if (schema.kind === 'map') return `map[string]${goTypeOf(schema.values)}`
  return schema.kind === 'any' ? 'interface {}' : schema.goType
}
