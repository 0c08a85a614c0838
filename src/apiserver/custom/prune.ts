import type { JsonSchema } from './json-schema.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * A fresh copy of `value` with what the schema specifies. Unknown fields are left out and named in `unknown`; values of
 * the wrong type are kept, for validation to refuse.
 */
export function prune(schema: JsonSchema | undefined, value: unknown, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) return value.map((item, i) => prune(schema?.items, item, `${path}[${i}]`, unknown))
  if (typeof value !== 'object' || value === null) return value
  return schema === undefined ? structuredClone(value) : pruneObject(schema, value as Fields, path, unknown)
}

function pruneObject(schema: JsonSchema, value: Fields, path: string, unknown: string[]): unknown {
  const kept: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`
    const known = schema.properties?.[key] ?? valuesOf(schema)
    if (known !== undefined) kept[key] = prune(known, field, at, unknown)
    else if (schema['x-kubernetes-preserve-unknown-fields']) kept[key] = structuredClone(field)
    else if (isEmbeddedIdentity(schema, key)) kept[key] = structuredClone(field)
    else unknown.push(`unknown field "${at}"`)
  }
  return kept
}

const ANYTHING: JsonSchema = { 'x-kubernetes-preserve-unknown-fields': true }

function valuesOf({ additionalProperties }: JsonSchema): JsonSchema | undefined {
  return additionalProperties === true ? ANYTHING : additionalProperties || undefined
}

function isEmbeddedIdentity(schema: JsonSchema, key: string): boolean {
  return schema['x-kubernetes-embedded-resource'] === true && ['apiVersion', 'kind', 'metadata'].includes(key)
}
