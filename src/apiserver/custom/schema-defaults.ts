import type { JsonSchema } from './json-schema.ts'

/**
 * Fills in the schema's defaults, in place, at every depth. A null that may not be null counts as absent; where it has no
 * default either, it goes.
 */
export function fillDefaults(schema: JsonSchema, value: unknown): void {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items !== undefined) for (const item of value) fillDefaults(items, item)
    return
  }
  if (typeof value !== 'object' || value === null) return
  const fields = value as Record<string, unknown>
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (fields[key] === null && !property.nullable) delete fields[key]
    if (fields[key] === undefined && property.default !== undefined) fields[key] = structuredClone(property.default)
    fillDefaults(property, fields[key])
  }
  const { additionalProperties } = schema
  if (typeof additionalProperties !== 'object') return
  for (const [key, field] of Object.entries(fields)) {
    if (schema.properties?.[key] !== undefined) continue
    if (field === null && !additionalProperties.nullable) delete fields[key]
    else fillDefaults(additionalProperties, field)
  }
}
