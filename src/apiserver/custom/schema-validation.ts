import type { FieldError } from '../../api/meta/field-error.ts'
import { invalid, notSupported, required, tooMany, typeInvalid } from '../../api/meta/field-error.ts'
import { hasFormat } from './formats.ts'
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
    errors.push(typeInvalid(path, typeName(value), detail))
    checkEnum(schema, value, path, errors)
    return
  }
  checkJunctors(schema, value, path, errors)
  if (typeof value === 'number' || typeof value === 'bigint') checkNumber(schema, value, path, errors)
  else if (typeof value === 'string') checkString(schema, value, path, errors)
  else if (Array.isArray(value)) checkList(schema, value, path, errors, old)
  checkEnum(schema, value, path, errors)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    checkObject(schema, value as Fields, path, errors, old)
  }
}

function checkEnum(schema: JsonSchema, value: unknown, path: string, errors: FieldError[]): void {
  if (schema.enum === undefined || schema.enum.some((one) => jsonEqual(one, value))) return
  const allowed = schema.enum.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
  errors.push(notSupported(path, value, allowed))
}

type Fields = Readonly<Record<string, unknown>>

function hasType(schema: JsonSchema, value: unknown): boolean {
  if (schema['x-kubernetes-int-or-string']) return typeof value === 'string' || isInteger(value)
  switch (schema.type) {
    case 'integer':
      return isInteger(value)
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint'
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

/** Whole numbers beyond 64 bits are fractions to Kubernetes. */
const isInteger = (value: unknown) =>
  typeof value === 'bigint' || (Number.isInteger(value) && Math.abs(value as number) <= 2 ** 63)

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return isInteger(value) ? 'integer' : typeof value
}

function checkNumber(schema: JsonSchema, value: number | bigint, path: string, errors: FieldError[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  const refuse = (what: string) => errors.push(invalid(path, value, `${path} in body should be ${what}`))
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    refuse(exclusiveMinimum ? `greater than ${minimum}` : `greater than or equal to ${minimum}`)
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    refuse(exclusiveMaximum ? `less than ${maximum}` : `less than or equal to ${maximum}`)
  }
  if (multipleOf !== undefined && !Number.isInteger(Number(value) / multipleOf)) refuse(`a multiple of ${multipleOf}`)
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
  if (schema.format === undefined || hasFormat(schema.format, value)) return
  errors.push(typeInvalid(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`))
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
    errors.push(tooMany(path, count, maxProperties))
  }
  for (const [key, field] of Object.entries(value)) {
    const property = schema.properties?.[key]
    if (property !== undefined) check(property, field, at(key), errors, before[key])
    else if (typeof additionalProperties === 'object') check(additionalProperties, field, at(key), errors, before[key])
  }
}

/** `allOf`, `anyOf`, `oneOf` and `not`, in the order in which Kubernetes looks at them. */
function checkJunctors(schema: JsonSchema, value: unknown, path: string, errors: FieldError[]): void {
  const { allOf = [], anyOf = [], oneOf = [], not } = schema
  const tried = (schemas: readonly JsonSchema[]) => schemas.map((one) => validateBySchema(one, value, path))
  const refuse = (what: string) => errors.push(invalid('<nil>', '', `"${path}" must ${what}`))
  if (anyOf.length > 0) {
    const results = tried(anyOf)
    if (results.every((faults) => faults.length > 0)) {
      refuse('validate at least one schema (anyOf)')
      errors.push(...nearest(results))
    }
  }
  if (oneOf.length > 0) {
    const results = tried(oneOf)
    const count = results.filter((faults) => faults.length === 0).length
    const found = count === 0 ? 'none valid' : `${count} valid alternatives`
    if (count !== 1) refuse(`validate one and only one schema (oneOf). Found ${found}`)
    if (count === 0) errors.push(...nearest(results))
  }
  const all = tried(allOf)
  errors.push(...all.flat())
  const failed = all.filter((faults) => faults.length > 0).length
  if (failed > 0) refuse(`validate all the schemas (allOf)${failed === all.length ? '. None validated' : ''}`)
  if (not !== undefined && validateBySchema(not, value, path).length === 0) refuse('not validate the schema (not)')
}

/** What is told of schemas of which none fits: the faults of the one that came nearest. */
const nearest = (results: readonly (readonly FieldError[])[]): readonly FieldError[] =>
  results.toSorted((a, b) => a.length - b.length)[0] ?? []
