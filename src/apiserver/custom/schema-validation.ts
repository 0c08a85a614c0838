import type { FieldError } from '../../api/meta/field-error.ts'
import { duplicate, invalid, notSupported, required, typeInvalid } from '../../api/meta/field-error.ts'
import { jsonEqual } from '../verbs/equal.ts'
import type { JsonSchema } from './json-schema.ts'
import { matches } from './pattern.ts'
import { correlated } from './rule-validation.ts'

/**
 * What is wrong with `value` by the schema, in the words of Kubernetes' validator of custom resources. What was the same in
 * `old` is let be, so that a stricter schema does not stop changes of other fields.
 */
export function validateBySchema(
  schema: JsonSchema,
  value: unknown,
  path: string,
  old?: unknown,
): readonly FieldError[] {
  const errors: FieldError[] = []
  check(schema, value, path, errors, old)
  return errors
}

function check(schema: JsonSchema, value: unknown, path: string, errors: FieldError[], old: unknown): void {
  if (value === undefined || (value === null && schema.nullable)) return
  if (old !== undefined && jsonEqual(value, old)) return
  if (!hasType(schema, value)) {
    const wanted = schema['x-kubernetes-int-or-string'] ? 'integer,string' : schema.type
    const detail = `${path} in body must be of type ${wanted ?? 'any'}: "${typeName(value)}"`
    errors.push(typeInvalid(path, shownType(value), detail))
    return
  }
  if (schema.enum !== undefined && !schema.enum.some((one) => jsonEqual(one, value))) {
    errors.push(notSupported(path, value, schema.enum.map(String)))
  }
  if (typeof value === 'number') checkNumber(schema, value, path, errors)
  else if (typeof value === 'string') checkString(schema, value, path, errors)
  else if (Array.isArray(value)) checkList(schema, value, path, errors, old)
  else if (typeof value === 'object' && value !== null) checkObject(schema, value as Fields, path, errors, old)
  checkJunctors(schema, value, path, errors)
}

type Fields = Readonly<Record<string, unknown>>

function hasType(schema: JsonSchema, value: unknown): boolean {
  if (schema['x-kubernetes-int-or-string']) return typeof value === 'string' || Number.isInteger(value)
  switch (schema.type) {
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return typeof value === 'number'
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'string':
    case 'boolean':
      return typeof value === schema.type
    default:
      return true
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

/** Kubernetes shows the type, not the value, of lists and objects. */
function shownType(value: unknown): unknown {
  return typeof value === 'object' ? typeName(value) : value
}

function checkNumber(schema: JsonSchema, value: number, path: string, errors: FieldError[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  const refuse = (what: string) => errors.push(invalid(path, value, `${path} in body should be ${what}`))
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    refuse(exclusiveMinimum ? `greater than ${minimum}` : `greater than or equal to ${minimum}`)
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    refuse(exclusiveMaximum ? `less than ${maximum}` : `less than or equal to ${maximum}`)
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) refuse(`a multiple of ${multipleOf}`)
}

function checkString(schema: JsonSchema, value: string, path: string, errors: FieldError[]): void {
  const { minLength, maxLength, pattern } = schema
  const refuse = (what: string) => errors.push(invalid(path, value, `${path} in body should ${what}`))
  const length = minLength === undefined && maxLength === undefined ? 0 : [...value].length
  // The first fault of a text is the only one that is told.
  if (maxLength !== undefined && length > maxLength) {
    const message = `Too long: may not be more than ${maxLength} bytes`
    errors.push({ reason: 'FieldValueTooLong', field: path, message })
  } else if (minLength !== undefined && length < minLength) refuse(`be at least ${minLength} chars long`)
  else if (pattern !== undefined && !matches(pattern, value)) refuse(`match '${pattern}'`)
}

function checkList(
  schema: JsonSchema,
  value: readonly unknown[],
  path: string,
  errors: FieldError[],
  old: unknown,
): void {
  const { minItems, maxItems, items } = schema
  if (minItems !== undefined && value.length < minItems) {
    errors.push(invalid(path, value.length, `${path} in body should have at least ${minItems} items`))
  }
  if (maxItems !== undefined && value.length > maxItems) {
    const message = `Too many: ${value.length}: must have at most ${maxItems} items`
    errors.push({ reason: 'FieldValueTooMany', field: path, message })
  }
  if (items !== undefined)
    value.forEach((item, i) => check(items, item, `${path}[${i}]`, errors, correlated(schema, item, old)))
  checkUnique(schema, value, path, errors)
}

function checkUnique(schema: JsonSchema, value: readonly unknown[], path: string, errors: FieldError[]): void {
  const kind = schema['x-kubernetes-list-type']
  if (kind !== 'set' && kind !== 'map') return
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  value.forEach((item, i) => {
    const named = kind === 'set' ? item : Object.fromEntries(keys.map((key) => [key, (item as Fields | null)?.[key]]))
    const text = JSON.stringify(named)
    if (seen.has(text)) errors.push(duplicate(`${path}[${i}]`, named))
    seen.add(text)
  })
}

function checkObject(schema: JsonSchema, value: Fields, path: string, errors: FieldError[], old: unknown): void {
  const before = (typeof old === 'object' && old !== null ? old : {}) as Fields
  const at = (key: string) => (path === '' ? key : `${path}.${key}`)
  for (const key of schema.required ?? []) if (value[key] === undefined) errors.push(required(at(key)))
  const count = Object.keys(value).length
  const { minProperties, maxProperties, additionalProperties } = schema
  if (minProperties !== undefined && count < minProperties) {
    errors.push(invalid(path, count, `${path} in body should have at least ${minProperties} properties`))
  }
  if (maxProperties !== undefined && count > maxProperties) {
    errors.push(invalid(path, count, `${path} in body should have at most ${maxProperties} properties`))
  }
  for (const [key, field] of Object.entries(value)) {
    const property = schema.properties?.[key]
    if (property !== undefined) check(property, field, at(key), errors, before[key])
    else if (typeof additionalProperties === 'object') check(additionalProperties, field, at(key), errors, before[key])
  }
}

/** `allOf`, `anyOf`, `oneOf` and `not`: whether the value is valid by the schemas within. */
function checkJunctors(schema: JsonSchema, value: unknown, path: string, errors: FieldError[]): void {
  const { allOf = [], anyOf = [], oneOf = [], not } = schema
  const valid = (one: JsonSchema) => validateBySchema(one, value, path).length === 0
  const refuse = (what: string) => errors.push(invalid(path, shownType(value), `"${path}" must validate ${what}`))
  for (const one of allOf) errors.push(...validateBySchema(one, value, path))
  if (anyOf.length > 0 && !anyOf.some(valid)) refuse('at least one schema (anyOf)')
  if (oneOf.length > 0) {
    const count = oneOf.filter(valid).length
    if (count !== 1) refuse(`one and only one schema (oneOf). Found ${count === 0 ? 'none' : count} valid`)
  }
  if (not !== undefined && valid(not))
    errors.push(invalid(path, shownType(value), `"${path}" must not validate the schema (not)`))
}
