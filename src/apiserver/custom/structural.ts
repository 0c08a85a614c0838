import { isJsonObject } from '../../api/draft.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { forbidden, invalid, required } from '../../api/meta/field-error.ts'
import type { JsonSchema } from './json-schema.ts'
import { patternProblem } from './pattern.ts'
import { validateCompleteness } from './structural-completeness.ts'

type Level = 'root' | 'item' | 'field'

/** ValidateStructural: what keeps a definition's schema from being structural, in the order of its words. */
export function validateStructural(schema: JsonSchema, path: string): readonly FieldError[] {
  const errors = [...invariants(schema, 'root', path), ...validateCompleteness(schema, path)]
  const textOf = ({ field, message }: FieldError) => `${field}: ${message}`
  return errors.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}

/** Whether a schema says anything by a word: what is zero to Go says nothing. */
export function says(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false
  if (Array.isArray(value)) return value.length > 0
  return !isJsonObject(value) || Object.keys(value).length > 0
}

const MISSING: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

function invariants(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { type = '', items, properties = {}, additionalProperties } = schema
  const errors: FieldError[] = []
  if (type === 'array' && items === undefined) errors.push(required(`${path}.items`, 'must be specified'))
  if (items !== undefined) errors.push(...invariants(items, 'item', `${path}.items`))
  for (const [key, child] of Object.entries(properties)) {
    errors.push(...invariants(child, 'field', `${path}.properties[${key}]`))
  }
  if (additionalProperties !== undefined) {
    const at = `${path}.additionalProperties`
    if (level === 'root') errors.push(forbidden(at, 'must not be used at the root'))
    if (typeof additionalProperties === 'object') errors.push(...invariants(additionalProperties, 'field', at))
  }
  errors.push(...extensionErrors(schema, path))
  const { skipsAnyOf, skipsFirst } = intOrString(schema)
  errors.push(...valueErrors(schema, path, skipsAnyOf, skipsFirst))
  errors.push(...typeErrors(schema, level, path), ...embeddedErrors(schema, path))
  return [...errors, ...identityErrors(schema, level, path)]
}

function extensionErrors(schema: JsonSchema, path: string): FieldError[] {
  if (schema['x-kubernetes-int-or-string'] !== true) return []
  const both = (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const).filter(
    (name) => schema[name] === true,
  )
  return both.map((name) => invalid(`${path}.${name}`, true, 'must be false if x-kubernetes-int-or-string is true'))
}

/** An int-or-string may say so once more in the form that other tools understand: of that nothing is asked. */
function intOrString({ anyOf = [], allOf = [] }: JsonSchema) {
  const isPattern = (list: readonly JsonSchema[] | undefined) =>
    list?.length === 2 && saysOnly(list[0], 'integer') && saysOnly(list[1], 'string')
  return { skipsAnyOf: isPattern(anyOf), skipsFirst: isPattern(allOf[0]?.anyOf) }
}

const saysOnly = (schema: JsonSchema = {}, type: string): boolean =>
  schema.type === type && Object.entries(schema).every(([key, value]) => key === 'type' || !says(value))

function typeErrors(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { type = '' } = schema
  const mustBeObject = 'must be object if x-kubernetes-embedded-resource is true'
  const isUntyped =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
  const errors: FieldError[] = []
  if (schema['x-kubernetes-embedded-resource'] && type !== 'object') {
    const at = `${path}.type`
    errors.push(type === '' ? required(at, mustBeObject) : invalid(at, type, mustBeObject))
  } else if (type === '' && !isUntyped) errors.push(required(`${path}.type`, MISSING[level]))
  if (level === 'root' && type !== '' && type !== 'object') {
    errors.push(invalid(`${path}.type`, type, 'must be object at the root'))
  }
  return errors
}

function embeddedErrors(schema: JsonSchema, path: string): FieldError[] {
  if (!schema['x-kubernetes-embedded-resource']) return []
  const errors: FieldError[] = []
  if (schema.additionalProperties !== undefined) {
    const detail = 'must not be used if x-kubernetes-embedded-resource is set'
    errors.push(forbidden(`${path}.additionalProperties`, detail))
  }
  if (!schema['x-kubernetes-preserve-unknown-fields'] && !says(schema.properties)) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'
    errors.push(required(`${path}.properties`, detail))
  }
  return errors
}

/** What a resource, whole or embedded, may say of its kind and its metadata. */
function identityErrors(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { kind, apiVersion, metadata } = schema.properties ?? {}
  const isResource = level === 'root' || schema['x-kubernetes-embedded-resource'] === true
  const errors: FieldError[] = []
  const check = (name: string, part: JsonSchema | undefined, wanted: string) => {
    if (part === undefined || !isResource || part.type === wanted) return
    errors.push(invalid(`${path}.properties[${name}].type`, part.type ?? '', `must be ${wanted}`))
  }
  check('kind', kind, 'string')
  check('apiVersion', apiVersion, 'string')
  check('metadata', metadata, 'object')
  if (metadata === undefined || level !== 'root') return errors
  const { type: _type, default: _default, properties = {}, externalDocs: _docs, example: _example, ...rest } = metadata
  const names = Object.keys(properties).every((name) => name === 'name' || name === 'generateName')
  if (names && !Object.values(rest).some((value) => says(value) || typeof value === 'number')) return errors
  const detail = 'must not specify anything other than name and generateName, but metadata is implicitly specified'
  return [...errors, forbidden(`${path}.properties[metadata]`, detail)]
}

function valueErrors(schema: JsonSchema, path: string, skipsAnyOf = false, skipsFirst = false): FieldError[] {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern = '' } = schema
  const errors = skipsAnyOf ? [] : anyOf.flatMap((one, i) => nestedErrors(one, `${path}.anyOf[${i}]`))
  allOf.forEach((one, i) => errors.push(...nestedErrors(one, `${path}.allOf[${i}]`, skipsFirst && i === 0)))
  oneOf.forEach((one, i) => errors.push(...nestedErrors(one, `${path}.oneOf[${i}]`)))
  if (not !== undefined) errors.push(...nestedErrors(not, `${path}.not`))
  const problem = pattern === '' ? undefined : patternProblem(pattern)
  if (problem === undefined) return errors
  return [...errors, invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${problem}`)]
}

/** What `allOf` and its kin may not say, since the schema around them says it. */
const NESTED: readonly (readonly [name: keyof JsonSchema, detail: string])[] = [
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
]

/** Of these already the word says something, whatever follows it. */
const POINTERS: ReadonlySet<string> = new Set(['x-kubernetes-list-type', 'x-kubernetes-map-type', 'default'])

function nestedErrors(schema: JsonSchema, path: string, skipsAnyOf = false): FieldError[] {
  const { items, properties = {}, additionalProperties, type } = schema
  const errors = valueErrors(schema, path, skipsAnyOf)
  if (items !== undefined) errors.push(...nestedErrors(items, `${path}.items`))
  for (const [key, child] of Object.entries(properties)) {
    errors.push(...nestedErrors(child, `${path}.properties[${key}]`))
  }
  if (says(type)) errors.push(forbidden(`${path}.type`, 'must be empty to be structural'))
  if (additionalProperties !== undefined && additionalProperties !== false) {
    errors.push(forbidden(`${path}.additionalProperties`, 'must be undefined to be structural'))
  }
  for (const [name, detail] of NESTED) {
    const isSaid = POINTERS.has(name) ? schema[name] !== undefined && schema[name] !== null : says(schema[name])
    if (isSaid) errors.push(forbidden(`${path}.${name}`, detail))
  }
  if (properties['metadata'] !== undefined) {
    errors.push(forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'))
  }
  return errors
}
