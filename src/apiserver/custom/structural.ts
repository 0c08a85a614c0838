import type { FieldError } from '../../api/meta/field-error.ts'
import { forbidden, invalid, notSupported, required } from '../../api/meta/field-error.ts'
import { patternProblem } from './pattern.ts'
import type { JsonSchema } from './json-schema.ts'

type Level = 'root' | 'item' | 'field'

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref']

/** What keeps a definition's schema from being structural, in Kubernetes' words. */
export function validateStructure(schema: JsonSchema, path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  if (schema.nullable) errors.push(forbidden(`${path}.nullable`, 'nullable cannot be true at the root'))
  checkNode(schema, path, 'root', errors)
  return errors
}

function checkNode(schema: JsonSchema, path: string, level: Level, errors: FieldError[]): void {
  checkVocabulary(schema, path, errors)
  checkType(schema, path, level, errors)
  checkExtensions(schema, path, errors)
  checkMerging(schema, path, errors)
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    checkNode(child, `${path}.properties[${key}]`, 'field', errors)
  }
  const { items, additionalProperties } = schema
  if (items !== undefined && !Array.isArray(items)) checkNode(items, `${path}.items`, 'item', errors)
  if (typeof additionalProperties === 'object') {
    checkNode(additionalProperties, `${path}.additionalProperties`, 'field', errors)
  }
  checkJunctors(schema, path, errors)
}

function checkVocabulary(schema: JsonSchema, path: string, errors: FieldError[]): void {
  for (const name of UNSUPPORTED) {
    if (name in schema) errors.push(forbidden(`${path}.${name}`, `${name} is not supported`))
  }
  if (schema.uniqueItems) {
    const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'
    errors.push(forbidden(`${path}.uniqueItems`, detail))
  }
  if (schema.additionalProperties !== undefined && Object.keys(schema.properties ?? {}).length > 0) {
    errors.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'))
  }
  if (Array.isArray(schema.items)) {
    errors.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'))
  }
  if (schema.type === 'null') {
    errors.push(forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'))
  } else if (schema.type !== undefined && schema.type !== '' && !TYPES.includes(schema.type)) {
    errors.push(notSupported(`${path}.type`, schema.type, TYPES))
  }
  const { pattern = '' } = schema
  const problem = pattern === '' ? undefined : patternProblem(pattern)
  if (problem !== undefined) {
    const detail = `must be a valid regular expression, but isn't: ${problem}`
    errors.push(invalid(`${path}.pattern`, pattern, detail))
  }
}

const MISSING: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

function checkType(schema: JsonSchema, path: string, level: Level, errors: FieldError[]): void {
  const { type = '', items } = schema
  const untyped =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
  if (type === 'array' && items === undefined) errors.push(required(`${path}.items`, 'must be specified'))
  if (type === '' && (level === 'root' || !untyped)) errors.push(required(`${path}.type`, MISSING[level]))
  if (level !== 'root') return
  if (type !== '' && type !== 'object') errors.push(invalid(`${path}.type`, type, 'must be object at the root'))
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false) {
    errors.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'))
  }
  const metadata = schema.properties?.['metadata']
  if (metadata === undefined) return
  if (metadata.type !== 'object')
    errors.push(invalid(`${path}.properties[metadata].type`, metadata.type ?? '', 'must be object'))
  const other = Object.keys(metadata.properties ?? {}).filter((key) => key !== 'name' && key !== 'generateName')
  if (other.length > 0) {
    const detail = 'must not specify anything other than name and generateName, but metadata is implicitly specified'
    errors.push(forbidden(`${path}.properties[metadata]`, detail))
  }
}

function checkExtensions(schema: JsonSchema, path: string, errors: FieldError[]): void {
  const { type = '' } = schema
  const preserves = schema['x-kubernetes-preserve-unknown-fields']
  if (preserves === false) {
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  }
  if (schema['x-kubernetes-int-or-string'] && preserves) {
    const detail = 'must be false if x-kubernetes-int-or-string is true'
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, detail))
  }
  if (!schema['x-kubernetes-embedded-resource']) return
  const mustBeObject = 'must be object if x-kubernetes-embedded-resource is true'
  if (type === '') errors.push(required(`${path}.type`, mustBeObject))
  else if (type !== 'object') errors.push(invalid(`${path}.type`, type, mustBeObject))
  if (schema.additionalProperties !== undefined) {
    const detail = 'must not be used if x-kubernetes-embedded-resource is set'
    errors.push(forbidden(`${path}.additionalProperties`, detail))
  }
  if (!preserves && Object.keys(schema.properties ?? {}).length === 0) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'
    errors.push(required(`${path}.properties`, detail))
  }
}

function checkMerging(schema: JsonSchema, path: string, errors: FieldError[]): void {
  const mapType = schema['x-kubernetes-map-type']
  if (mapType !== undefined) {
    mustBe(schema, path, 'object', 'x-kubernetes-map-type', errors)
    if (!['atomic', 'granular'].includes(mapType)) {
      errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']))
    }
  }
  const listType = schema['x-kubernetes-list-type']
  if (listType !== undefined) {
    mustBe(schema, path, 'array', 'x-kubernetes-list-type', errors)
    if (!['atomic', 'set', 'map'].includes(listType)) {
      errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']))
    }
  }
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    const field = `${path}.x-kubernetes-list-type`
    errors.push(listType === undefined ? required(field, detail) : invalid(field, listType, detail))
  }
  if (listType === 'map') checkMapList(schema, path, keys, errors)
}

function mustBe(schema: JsonSchema, path: string, type: string, extension: string, errors: FieldError[]): void {
  const detail = `must be ${type} if ${extension} is specified`
  if (schema.type === undefined || schema.type === '') errors.push(required(`${path}.type`, detail))
  else if (schema.type !== type) errors.push(invalid(`${path}.type`, schema.type, detail))
}

function checkMapList({ items }: JsonSchema, path: string, keys: readonly string[], errors: FieldError[]): void {
  if (keys.length === 0) {
    const detail = 'must not be empty if x-kubernetes-list-type is map'
    errors.push(required(`${path}.x-kubernetes-list-map-keys`, detail))
  }
  if (items === undefined) {
    errors.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'))
    return
  }
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map"
    errors.push(invalid(`${path}.items.type`, items.type ?? '', detail))
  }
  const field = `${path}.x-kubernetes-list-map-keys`
  for (const key of keys) {
    const property = items.properties?.[key]
    if (property === undefined) errors.push(invalid(field, keys, 'entries must all be names of item properties'))
    else checkMapKey(items, property, key, path, errors)
  }
  if (new Set(keys).size < keys.length) errors.push(invalid(field, keys, 'must not contain duplicate entries'))
}

function checkMapKey(items: JsonSchema, property: JsonSchema, key: string, path: string, errors: FieldError[]): void {
  const at = `${path}.items.properties[${key}]`
  if (property.type === 'array' || property.type === 'object') {
    const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
    errors.push(invalid(`${at}.type`, property.type, detail))
  }
  if (property.default === undefined && !(items.required ?? []).includes(key)) {
    const detail = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'
    errors.push(required(`${at}.default`, detail))
  }
  if (property.nullable) {
    const detail = 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'
    errors.push(forbidden(`${at}.nullable`, detail))
  }
}

/** What `allOf` and its kin may not say, since the schema around them says it. */
const NESTED: readonly (readonly [name: keyof JsonSchema, detail: string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
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

function checkJunctors(schema: JsonSchema, path: string, errors: FieldError[]): void {
  // An int-or-string may say so once more in the form that other tools understand.
  const allowed = schema['x-kubernetes-int-or-string'] === true
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) {
    schema[junctor]?.forEach((one, i) => checkNested(one, `${path}.${junctor}[${i}]`, allowed, errors))
  }
  if (schema.not !== undefined) checkNested(schema.not, `${path}.not`, allowed, errors)
}

const isSaid = (value: unknown) =>
  value !== undefined && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0)

function checkNested(schema: JsonSchema, path: string, typed: boolean, errors: FieldError[]): void {
  for (const [name, detail] of NESTED) {
    if ((isSaid(schema[name]) || (name.endsWith('-type') && schema[name] === '')) && !(typed && name === 'type'))
      errors.push(forbidden(`${path}.${name}`, detail))
  }
  checkVocabulary(schema, path, errors)
  checkMerging(schema, path, errors)
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    checkNested(child, `${path}.properties[${key}]`, false, errors)
  }
  if (schema.items !== undefined) checkNested(schema.items, `${path}.items`, false, errors)
  checkJunctors(schema, path, errors)
}
