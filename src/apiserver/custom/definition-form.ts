import { isJsonObject } from '../../api/draft.ts'
import type { JsonObject } from '../../api/draft.ts'
import { goForm } from '../../api/validation/go-form.ts'
import type { JsonSchema } from './json-schema.ts'

/** A schema as Kubernetes' own type of it is shown, field by field in its order. */
export const schemaForm = (schema: JsonSchema): JsonObject =>
  goForm('apiextensions.JSONSchemaProps', named(schema)) as JsonObject

/** The versions of a definition as messages show them. */
export function versionsForm(versions: readonly object[] | undefined): unknown {
  const wire = versions?.map((version) => {
    const { schema, ...rest } = version as { readonly schema?: { readonly openAPIV3Schema?: JsonSchema } }
    if (schema === undefined) return rest
    const { openAPIV3Schema: inner } = schema
    return { ...rest, schema: inner === undefined ? {} : { openAPIV3Schema: named(inner) } }
  })
  return goForm('[]apiextensions.CustomResourceDefinitionVersion', wire)
}

const LISTS: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf'])
const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'definitions'])
const OR_BOOL: ReadonlySet<string> = new Set(['additionalProperties', 'additionalItems'])

/** A schema under names that its Go type has too, and with what may be one thing or another told apart. */
function named(schema: unknown): unknown {
  if (!isJsonObject(schema)) return schema
  const entries = Object.entries(schema).map(([key, value]) => [
    key.replaceAll(/[$-]|kubernetes/g, ''),
    part(key, value),
  ])
  return Object.fromEntries(entries) as JsonObject
}

function part(key: string, value: unknown): unknown {
  if (LISTS.has(key)) return Array.isArray(value) ? value.map(named) : value
  if (MAPS.has(key)) return valuesOf(value)
  if (OR_BOOL.has(key)) return typeof value === 'boolean' ? { allows: value } : { allows: true, schema: named(value) }
  if (key === 'items') return Array.isArray(value) ? { jsonSchemas: value.map(named) } : { schema: named(value) }
  if (key === 'not') return named(value)
  if (key !== 'dependencies' || !isJsonObject(value)) return value
  const each = (one: unknown) => (Array.isArray(one) ? { property: one } : { schema: named(one) })
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, each(one)]))
}

const valuesOf = (value: unknown): unknown =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, named(one)])) : value
