import type { FieldError } from '../../api/meta/field-error.ts'
import { forbidden, notSupported } from '../../api/meta/field-error.ts'
import { checkCompiled } from './definition-rules.ts'
import type { RuleLook } from './definition-rules.ts'
import type { JsonSchema } from './json-schema.ts'
import { validateMerging } from './merge-validation.ts'
import { validateRule } from './rule-words.ts'

/** What is wrong with a schema, and with its rules where they could be looked at. */
export interface SchemaErrors {
  readonly schema: FieldError[]
  readonly rules: FieldError[]
}

/** Where in a schema a look is. */
interface Place {
  readonly path: string
  readonly isRoot: boolean
  /** Within a resource's kind, version or metadata. */
  readonly inMetadata: boolean
  /** Why no default may be set here; undefined where one may. */
  readonly noDefault: string | undefined
  /** The list or map above in which nobody can tell what an item was before. */
  readonly uncorrelated: string | undefined
  /** Undefined where rules are not looked at, else how often there may be such a value; Infinity where nothing bounds that. */
  readonly most: number | undefined
}

/** ValidateCustomResourceDefinitionOpenAPISchema; rules are looked at where there is a `look` for them. */
export function validateOpenApi(schema: JsonSchema, path: string, look: RuleLook | undefined): SchemaErrors {
  const most = look === undefined ? undefined : 1
  const place = { path, isRoot: true, inMetadata: false, noDefault: undefined, uncorrelated: undefined, most }
  return check(schema, place, look)
}

const IDENTITY: ReadonlySet<string> = new Set(['metadata', 'kind', 'apiVersion'])

function check(schema: JsonSchema, place: Place, look: RuleLook | undefined): SchemaErrors {
  const { path } = place
  const found: SchemaErrors = { schema: vocabularyErrors(schema, place), rules: [] }
  const visit = (child: JsonSchema | undefined, at: string, change: Partial<Place> = {}) => {
    if (child === undefined) return
    const inner = check(child, { ...place, isRoot: false, ...change, path: `${path}.${at}` }, look)
    found.schema.push(...inner.schema)
    found.rules.push(...inner.rules)
  }
  visitFields(schema, place, visit)
  const apart = { most: undefined }
  visit(schema.not, 'not', apart)
  for (const junctor of ['allOf', 'oneOf', 'anyOf'] as const) {
    schema[junctor]?.forEach((one, i) => visit(one, `${junctor}[${i}]`, apart))
  }
  for (const [key, child] of Object.entries(schema.definitions ?? {})) visit(child, `definitions[${key}]`, apart)
  visitItems(schema, place, visit)
  for (const [key, child] of Object.entries(schema.dependencies ?? {})) {
    if (!Array.isArray(child)) visit(child as JsonSchema, `dependencies[${key}]`, apart)
  }
  found.schema.push(...validateMerging(schema, path))
  const rules = schema['x-kubernetes-validations'] ?? []
  rules.forEach((rule, i) => found.schema.push(...validateRule(schema, rule, `${path}.x-kubernetes-validations[${i}]`)))
  if (rules.length > 0 && found.schema.length === 0 && look !== undefined && place.most !== undefined) {
    found.rules.push(...checkCompiled(look, schema, { ...place, most: place.most }))
  }
  return found
}

type Visit = (child: JsonSchema | undefined, at: string, change?: Partial<Place>) => void

function visitFields(schema: JsonSchema, place: Place, visit: Visit): void {
  const { additionalProperties, properties = {} } = schema
  const { path, inMetadata } = place
  const most = within(place.most, schema)
  if (typeof additionalProperties === 'object') {
    const detail = 'inside additionalProperties applying to object metadata'
    visit(additionalProperties, 'additionalProperties', { most, ...(inMetadata && { noDefault: detail }) })
  }
  const isWhole = schema['x-kubernetes-map-type'] === 'atomic'
  for (const [key, child] of Object.entries(properties).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const isIdentity = (place.isRoot || schema['x-kubernetes-embedded-resource'] === true) && IDENTITY.has(key)
    visit(child, `properties[${key}]`, {
      most,
      ...(isWhole && { uncorrelated: place.uncorrelated ?? path }),
      ...(isIdentity && { inMetadata: true }),
      ...(isIdentity && place.isRoot && { noDefault: `in top-level ${key}` }),
    })
  }
}

function visitItems(schema: JsonSchema, place: Place, visit: Visit): void {
  const { items } = schema
  const isMap = schema['x-kubernetes-list-type'] === 'map'
  const change = {
    most: within(place.most, schema),
    uncorrelated: place.uncorrelated ?? (isMap ? undefined : place.path),
  }
  if (!Array.isArray(items)) return visit(items, 'items', change)
  items.forEach((one: JsonSchema, i) => visit(one, `items[${i}]`, change))
}

/** How often a value below may be there: a list or map bounds how many it has, an object has each of its fields once. */
function within(most: number | undefined, { type, additionalProperties, ...schema }: JsonSchema): number | undefined {
  if (most === undefined) return undefined
  if (type === 'array') return times(most, schema.maxItems)
  return type === 'object' && additionalProperties !== undefined ? times(most, schema.maxProperties) : most
}

const times = (most: number, bound = Infinity): number =>
  most === Infinity || bound === Infinity ? Infinity : most * bound

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']
/** Words of JSON Schema that no definition may use: some as soon as they are there. */
const UNSUPPORTED: readonly (readonly [name: keyof JsonSchema, isZero?: (value: never) => boolean])[] = [
  ['id', (value: string) => value === ''],
  ['additionalItems'],
  ['patternProperties', (value: object) => Object.keys(value).length === 0],
  ['definitions', (value: object) => Object.keys(value).length === 0],
  ['dependencies'],
  ['$ref'],
]

function vocabularyErrors(schema: JsonSchema, { path, noDefault, inMetadata }: Place): FieldError[] {
  const { type = '', items } = schema
  const errors: FieldError[] = []
  if (type !== '' && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES))
  if (schema.default !== undefined && noDefault !== undefined) {
    errors.push(forbidden(`${path}.default`, `must not be set ${noDefault}`))
  }
  for (const [name, isZero] of UNSUPPORTED) {
    const value = schema[name]
    if (value === undefined || value === null || isZero?.(value as never) === true) continue
    errors.push(forbidden(`${path}.${name}`, `${name} is not supported`))
  }
  if (type === 'null') {
    errors.push(forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'))
  }
  if (Array.isArray(items) && items.length > 0) {
    errors.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'))
  }
  if (inMetadata && schema['x-kubernetes-embedded-resource']) {
    errors.push(forbidden(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'))
  }
  if (schema.uniqueItems) {
    const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'
    errors.push(forbidden(`${path}.uniqueItems`, detail))
  }
  const { additionalProperties } = schema
  const isAny = additionalProperties === undefined || additionalProperties === true
  if (!isAny && Object.keys(schema.properties ?? {}).length > 0) {
    errors.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'))
  }
  return errors
}
