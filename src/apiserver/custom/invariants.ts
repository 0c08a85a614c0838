import { isJsonObject } from '../../api/draft.ts'
import type { JsonObject } from '../../api/draft.ts'
import { duplicate, invalid, required } from '../../api/meta/field-error.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { dns1035LabelProblems } from '../../api/meta/names.ts'
import { holds } from './holds.ts'
import type { JsonSchema } from './json-schema.ts'

/** What holds beyond the schema itself: objects within objects have an identity, and lists that are sets or maps no item twice. */
export function validateInvariants(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  return [...visit(schema, value, path, validateEmbedded), ...visit(schema, value, path, validateUnique)]
}

type Check = (schema: JsonSchema, value: unknown, path: string) => FieldError[]

function visit(schema: JsonSchema, value: unknown, path: string, check: Check): FieldError[] {
  if (typeof value !== 'object' || value === null || !hasInvariants(schema)) return []
  const errors = check(schema, value, path)
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined
      ? errors
      : [...errors, ...value.flatMap((item, i) => visit(items, item, `${path}[${i}]`, check))]
  }
  const { properties = {}, additionalProperties } = schema
  for (const [key, field] of Object.entries(value)) {
    const property = properties[key]
    if (property !== undefined) errors.push(...visit(property, field, path === '' ? key : `${path}.${key}`, check))
    else if (typeof additionalProperties === 'object') {
      errors.push(...visit(additionalProperties, field, `${path}[${key}]`, check))
    }
  }
  return errors
}

/** Most schemas have no invariants, and their objects are not walked through. */
const hasInvariants = holds(
  (schema) =>
    schema['x-kubernetes-embedded-resource'] === true ||
    schema['x-kubernetes-list-type'] === 'set' ||
    schema['x-kubernetes-list-type'] === 'map',
)

function validateEmbedded(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  if (schema['x-kubernetes-embedded-resource'] !== true || !isJsonObject(value)) return []
  const identity = ['apiVersion', 'kind'] as const
  const absent = identity.filter((field) => value[field] === undefined)
  const errors: FieldError[] = absent.map((field) => required(`${path}.${field}`))
  for (const field of identity) {
    const text = value[field]
    const at = `${path}.${field}`
    if (text === undefined) continue
    if (typeof text !== 'string') errors.push(invalid(at, text, 'must be a string'))
    else if (text === '') errors.push(invalid(at, text, 'must not be empty'))
    else errors.push(...(field === 'kind' ? validateKind(at, text) : validateVersion(at, text)))
  }
  return errors
}

function validateKind(path: string, kind: string): FieldError[] {
  const problems = dns1035LabelProblems(kind.toLowerCase())
  if (problems.length === 0) return []
  return [invalid(path, kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`)]
}

const validateVersion = (path: string, version: string): FieldError[] =>
  version.split('/').length > 2 ? [invalid(path, version, `unexpected GroupVersion string: ${version}`)] : []

function validateUnique(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  const kind = schema['x-kubernetes-list-type']
  if (!Array.isArray(value) || (kind !== 'set' && kind !== 'map')) return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Map<string, number>()
  return (value as readonly unknown[]).flatMap((item, i) => {
    const fields: JsonObject = isJsonObject(item) ? item : {}
    const named = kind === 'set' ? item : Object.fromEntries(keys.map((key) => [key, fields[key]]))
    const text = JSON.stringify(named)
    const times = (seen.get(text) ?? 0) + 1
    seen.set(text, times)
    // An item that comes a third time is not told of again.
    return times === 2 ? [duplicate(`${path}[${i}]`, named)] : []
  })
}
