import type { FieldError } from '../../api/meta/field-error.ts'
import { forbidden, invalid, notSupported, required } from '../../api/meta/field-error.ts'
import type { JsonSchema } from './json-schema.ts'

/** What a schema says of how its lists and maps are merged. */
export function validateMerging(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { items } = schema
  const [mapType, listType] = [schema['x-kubernetes-map-type'], schema['x-kubernetes-list-type']]
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  }
  if (mapType !== undefined) errors.push(...mustBe(schema, path, 'object', 'x-kubernetes-map-type'))
  if (mapType !== undefined && !['atomic', 'granular'].includes(mapType)) {
    errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']))
  }
  if (listType !== undefined && schema.type !== 'array') {
    errors.push(...mustBe(schema, path, 'array', 'x-kubernetes-list-type'))
  } else if (listType === 'set') errors.push(...setErrors(items, path))
  if (listType !== undefined && !['atomic', 'set', 'map'].includes(listType)) {
    errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']))
  }
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    const field = `${path}.x-kubernetes-list-type`
    errors.push(listType === undefined ? required(field, detail) : invalid(field, listType, detail))
  }
  if (listType === 'map') errors.push(...mapErrors(items, keys, path))
  if (listType === 'map' || listType === 'set') errors.push(...keyErrors(items, listType, keys, path))
  return errors
}

function mustBe(schema: JsonSchema, path: string, type: string, extension: string): FieldError[] {
  const detail = `must be ${type} if ${extension} is specified`
  if (!schema.type) return [required(`${path}.type`, detail)]
  return schema.type === type ? [] : [invalid(`${path}.type`, schema.type, detail)]
}

/** What lies in a set is told apart as a whole. Kubernetes shows the list's type, of the one as of the other. */
function setErrors(items: JsonSchema | undefined, path: string): FieldError[] {
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  const listType = items?.['x-kubernetes-list-type']
  if (items?.type === 'array' && listType !== undefined && listType !== 'atomic') {
    return [invalid(`${path}.items.x-kubernetes-list-type`, listType, detail)]
  }
  if (items?.type !== 'object' || items['x-kubernetes-map-type'] === 'atomic') return []
  return [invalid(`${path}.items.x-kubernetes-map-type`, listType, detail)]
}

function mapErrors(items: JsonSchema | undefined, keys: readonly string[], path: string): FieldError[] {
  const field = `${path}.x-kubernetes-list-map-keys`
  const errors = keys.length === 0 ? [required(field, 'must not be empty if x-kubernetes-list-type is map')] : []
  if (items === undefined) {
    return [...errors, required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map')]
  }
  if (Array.isArray(items)) {
    const shown = { Schema: null, JSONSchemas: items }
    return [
      ...errors,
      invalid(`${path}.items`, shown, 'must only have a single schema if x-kubernetes-list-type is map'),
    ]
  }
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map"
    return [...errors, invalid(`${path}.items.type`, items.type ?? '', detail)]
  }
  keys.forEach((key, i) => {
    const property = items.properties?.[key]
    if (property === undefined) errors.push(invalid(field, keys, 'entries must all be names of item properties'))
    else if (property.type === 'array' || property.type === 'object') {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
      errors.push(invalid(`${path}.items.properties[${key}].type`, items.type, detail))
    }
    if (keys.indexOf(key) < i) errors.push(invalid(field, keys, 'must not contain duplicate entries'))
  })
  return errors
}

/** validateMapListKeysMapSet: what names an item is always there. */
function keyErrors(items: JsonSchema | undefined, listType: string, keys: readonly string[], path: string) {
  if (items === undefined || Array.isArray(items)) return []
  const errors = items.nullable
    ? [forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`)]
    : []
  if (listType !== 'map') return errors
  for (const key of keys) {
    const property = items.properties?.[key]
    if (property === undefined) continue
    const at = `${path}.items.properties[${key}]`
    const named = 'this property is in x-kubernetes-list-map-keys, so it'
    if (property.default === undefined && !(items.required ?? []).includes(key)) {
      errors.push(required(`${at}.default`, `${named} must have a default or be a required property`))
    }
    if (property.nullable) errors.push(forbidden(`${at}.nullable`, `${named} cannot be nullable`))
  }
  return errors
}
