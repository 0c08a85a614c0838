/**
 * A type that the checker knows. For estimating costs: `max` is the largest size that a schema allows, `least` the fewest bytes
 * that a value takes as JSON.
 */
export type CelType =
  | {
      readonly kind: 'simple'
      readonly name: SimpleName
      readonly max?: number
      readonly least?: number
      readonly format?: string
    }
  | {
      readonly kind: 'list'
      readonly items: CelType
      readonly max?: number
      /** How a schema's list compares and merges. */
      readonly merge?: 'set' | 'map'
      readonly mergeKeys?: readonly string[]
    }
  | { readonly kind: 'map'; readonly keys: CelType; readonly values: CelType; readonly max?: number }
  | ObjectType
  | { readonly kind: 'opaque'; readonly name: string; readonly of: readonly CelType[] }
  | { readonly kind: 'parameter'; readonly name: string }

export type SimpleName =
  | 'dyn'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null_type'
  | 'google.protobuf.Timestamp'
  | 'google.protobuf.Duration'
  | 'type'
  | 'error'

export interface ObjectType {
  readonly kind: 'object'
  readonly name: string
  /** By the name that expressions use, with the reserved words escaped. */
  readonly fields: ReadonlyMap<string, ObjectField>
  readonly least?: number
  /** May also hold what no field says: such a thing is kept, but expressions cannot name it. */
  readonly open?: boolean
}

export interface ObjectField {
  readonly json: string
  readonly type: CelType
  readonly required?: boolean
}

const simple = (name: SimpleName): CelType => ({ kind: 'simple', name })

export const DYN = simple('dyn')
export const BOOL = simple('bool')
export const INT = simple('int')
export const UINT = simple('uint')
export const DOUBLE = simple('double')
export const STRING = simple('string')
export const BYTES = simple('bytes')
export const NULL = simple('null_type')
export const TIMESTAMP = simple('google.protobuf.Timestamp')
export const DURATION = simple('google.protobuf.Duration')
export const TYPE = simple('type')
/** Of what has been complained about already: fits everything. */
export const ERROR = simple('error')

export const listOf = (items: CelType): CelType => ({ kind: 'list', items })
export const mapOf = (keys: CelType, values: CelType): CelType => ({ kind: 'map', keys, values })
export const optionalOf = (type: CelType): CelType => ({ kind: 'opaque', name: 'optional_type', of: [type] })
export const opaque = (name: string): CelType => ({ kind: 'opaque', name, of: [] })

/** An object with the given fields, none of which is required. */
export function objectOf(name: string, fields: Readonly<Record<string, CelType>>): ObjectType {
  const entries = Object.entries(fields).map(([json, type]) => [json, { json, type }] as const)
  return { kind: 'object', name, fields: new Map(entries) }
}

export function isSimple(type: CelType, ...names: readonly SimpleName[]): boolean {
  return type.kind === 'simple' && names.includes(type.name)
}

export function isDyn(type: CelType): boolean {
  return isSimple(type, 'dyn', 'error')
}

/** As errors show it. */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'simple':
      return type.name === 'null_type' ? 'null' : type.name === 'error' ? '!error!' : type.name
    case 'list':
      return `list(${formatType(type.items)})`
    case 'map':
      return `map(${formatType(type.keys)}, ${formatType(type.values)})`
    case 'opaque':
      return type.of.length === 0 ? type.name : `${type.name}(${type.of.map(formatType).join(', ')})`
    default:
      return type.name
  }
}
