import type { CelType, ObjectField, ObjectType } from '../../expression/cel/cel-type.ts'
import type { JsonSchema } from './json-schema.ts'

/** The type that expressions see of a schema; undefined where they see nothing, as of fields without a type. */
export function celTypeOf(schema: JsonSchema, name: string, isResource = false): CelType | undefined {
  if (schema['x-kubernetes-int-or-string']) return { kind: 'simple', name: 'dyn' }
  switch (schema.type) {
    case 'array':
      return listType(schema, name)
    case 'object':
      return objectType(schema, name, isResource || schema['x-kubernetes-embedded-resource'] === true)
    case 'string':
      return textType(schema)
    case 'boolean':
      return { kind: 'simple', name: 'bool' }
    case 'integer':
      return { kind: 'simple', name: 'int' }
    case 'number':
      return { kind: 'simple', name: 'double' }
    default:
      return undefined
  }
}

function listType(schema: JsonSchema, name: string): CelType | undefined {
  const items = schema.items === undefined ? undefined : celTypeOf(schema.items, `${name}.@idx`)
  if (items === undefined) return undefined
  const merge = schema['x-kubernetes-list-type']
  const list = { kind: 'list', items, ...(schema.maxItems !== undefined && { max: schema.maxItems }) } as const
  if (merge !== 'set' && merge !== 'map') return list
  return { ...list, merge, mergeKeys: (schema['x-kubernetes-list-map-keys'] ?? []).map(escapeName) }
}

function textType({ format = '', maxLength, enum: choices }: JsonSchema): CelType {
  if (format === 'byte') return { kind: 'simple', name: 'bytes', ...(maxLength !== undefined && { max: maxLength }) }
  if (format === 'duration') return { kind: 'simple', name: 'google.protobuf.Duration' }
  if (format === 'date' || format === 'date-time') {
    return { kind: 'simple', name: 'google.protobuf.Timestamp', format }
  }
  const longest = choices === undefined ? maxLength : Math.max(...choices.map((one) => String(one).length))
  return { kind: 'simple', name: 'string', ...(longest !== undefined && { max: longest }) }
}

const STRING: CelType = { kind: 'simple', name: 'string' }

function objectType(schema: JsonSchema, name: string, isResource: boolean): CelType | undefined {
  const { additionalProperties } = schema
  if (typeof additionalProperties === 'object') {
    const values = celTypeOf(additionalProperties, `${name}.@elem`)
    if (values === undefined) return undefined
    return {
      kind: 'map',
      keys: STRING,
      values,
      ...(schema.maxProperties !== undefined && { max: schema.maxProperties }),
    }
  }
  const required = new Set(schema.required)
  const fields = new Map<string, ObjectField>()
  for (const [json, property] of Object.entries(schema.properties ?? {})) {
    const type = celTypeOf(property, `${name}.${json}`)
    if (type === undefined || !canEscape(json)) continue
    fields.set(escapeName(json), { json, type, required: required.has(json) || property.default !== undefined })
  }
  if (isResource) addIdentity(fields, name)
  return { kind: 'object', name, fields }
}

/** Of every resource, expressions may read its kind and its metadata's names. */
function addIdentity(fields: Map<string, ObjectField>, name: string): void {
  for (const json of ['apiVersion', 'kind']) fields.set(json, { json, type: STRING, required: true })
  const names = new Map(['name', 'generateName'].map((json) => [json, { json, type: STRING }]))
  const metadata: ObjectType = { kind: 'object', name: `${name}.metadata`, fields: names }
  fields.set('metadata', { json: 'metadata', type: metadata, required: true })
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return'.split(' '),
)

function canEscape(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_.\-/]*$/.test(name)
}

/** A field's name as an expression has to write it. */
export function escapeName(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
}
