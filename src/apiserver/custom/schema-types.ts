import type { CelType, ObjectField, ObjectType } from '../../expression/cel/cel-type.ts'
import { canEscape, escapeName } from '../../expression/cel/field-names.ts'
import type { JsonSchema } from './json-schema.ts'

/** The largest request, which bounds what has no bound of its own. */
export const MAX_REQUEST_BYTES = 3 * 1024 * 1024

/** The fewest bytes that a value takes as JSON, of types that say nothing of it: `[]`, `{}` or `""`. */
export const leastBytes = (type: CelType): number => ('least' in type ? (type.least ?? 2) : 2)

/** The type that expressions see of a schema; undefined where they see nothing, as of fields without a type. */
export function celTypeOf(schema: JsonSchema, name: string, isResource = false): CelType | undefined {
  if (schema['x-kubernetes-int-or-string']) return { kind: 'simple', name: 'dyn', max: longestText(schema), least: 1 }
  switch (schema.type) {
    case 'array':
      return listType(schema, name)
    case 'object':
      return objectType(schema, name, isResource || schema['x-kubernetes-embedded-resource'] === true)
    case 'string':
      return textType(schema)
    case 'boolean':
      return { kind: 'simple', name: 'bool', least: 4 }
    case 'integer':
      return { kind: 'simple', name: 'int', least: 1 }
    case 'number':
      return { kind: 'simple', name: 'double', least: 1 }
    default:
      return undefined
  }
}

function listType(schema: JsonSchema, name: string): CelType | undefined {
  const items = schema.items === undefined ? undefined : celTypeOf(schema.items, `${name}.@idx`)
  if (items === undefined) return undefined
  const merge = schema['x-kubernetes-list-type']
  const most = Math.floor((MAX_REQUEST_BYTES - 2) / (leastBytes(items) + 1))
  const list = { kind: 'list', items, max: Math.max(0, schema.maxItems ?? most) } as const
  if (merge !== 'set' && merge !== 'map') return list
  return { ...list, merge, mergeKeys: (schema['x-kubernetes-list-map-keys'] ?? []).map(escapeName) }
}

function textType(schema: JsonSchema): CelType {
  const { format = '', maxLength, enum: choices = [] } = schema
  if (format === 'byte') {
    return { kind: 'simple', name: 'bytes', max: Math.max(0, maxLength ?? MAX_REQUEST_BYTES - 2) }
  }
  if (format === 'duration') return { kind: 'simple', name: 'google.protobuf.Duration', max: 32, least: 3 }
  if (format === 'date') return { kind: 'simple', name: 'google.protobuf.Timestamp', format, max: 12, least: 12 }
  if (format === 'date-time') return { kind: 'simple', name: 'google.protobuf.Timestamp', format, max: 32, least: 21 }
  const isChoice = maxLength === undefined && choices.length > 0
  const longest = Math.max(0, ...choices.map((one) => (typeof one === 'string' ? Buffer.byteLength(one) : 0)))
  return { kind: 'simple', name: 'string', max: isChoice ? longest : longestText(schema) }
}

/** A character may take four bytes. */
const longestText = ({ maxLength }: JsonSchema): number =>
  maxLength === undefined ? MAX_REQUEST_BYTES - 2 : Math.max(0, maxLength) * 4

const STRING = { kind: 'simple', name: 'string' } as const satisfies CelType

function objectType(schema: JsonSchema, name: string, isResource: boolean): CelType | undefined {
  const { additionalProperties } = schema
  if (typeof additionalProperties === 'object') {
    const values = celTypeOf(additionalProperties, `${name}.@elem`)
    if (values === undefined) return undefined
    const most = Math.floor((MAX_REQUEST_BYTES - 2) / (leastBytes(values) + 6))
    return { kind: 'map', keys: STRING, values, max: Math.max(0, schema.maxProperties ?? most) }
  }
  const required = new Set(schema.required)
  const fields = new Map<string, ObjectField>()
  let least = 2
  for (const [json, property] of Object.entries(schema.properties ?? {})) {
    const type = celTypeOf(property, `${name}.${json}`)
    if (type === undefined) continue
    if (required.has(json) && property.default === undefined) least += json.length + leastBytes(type) + 4
    if (!canEscape(json)) continue
    fields.set(escapeName(json), { json, type, required: required.has(json) || property.default !== undefined })
  }
  if (isResource) addIdentity(fields, name)
  return { kind: 'object', name, fields, least }
}

/** Of every resource, expressions may read its kind and its metadata's names. */
function addIdentity(fields: Map<string, ObjectField>, name: string): void {
  const type: CelType = { ...STRING, max: MAX_REQUEST_BYTES - 2 }
  for (const json of ['apiVersion', 'kind']) fields.set(json, { json, type, required: true })
  const names = new Map(['name', 'generateName'].map((json) => [json, { json, type }]))
  const metadata: ObjectType = { kind: 'object', name: `${name}.metadata`, fields: names }
  fields.set('metadata', { json: 'metadata', type: metadata, required: true })
}
