import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'
import { goText } from '../meta/go-text.ts'
import type { ListSchema, ObjectSchema, Scalar, ScalarSchema, Schema } from '../schema/schema.ts'
import { stepText } from './field-set.ts'
import { stepOf } from './typed.ts'

/**
 * What keeps a value from being read by its schema, in the words of structured-merge-diff: unknown fields, wrong types,
 * items without their keys or with the same ones. Each says where it is: `.spec.nope: field not declared in schema`.
 */
export function typedProblems(schema: Schema, value: unknown, path = ''): readonly string[] {
  if (value === null || value === undefined) return []
  switch (schema.kind) {
    case 'any':
      return []
    case 'scalar':
      return scalarProblems(schema, value, path)
    case 'list':
      return listProblems(schema, value, path)
    case 'map':
      if (!isJsonObject(value)) return [`${path}: expected map, got &{${goText(value)}}`]
      return Object.entries(value).flatMap(([key, item]) => typedProblems(schema.values, item, `${path}.${key}`))
    case 'object':
      if (!isJsonObject(value)) return [`${path}: expected map, got &{${goText(value)}}`]
      return fieldProblems(schema, value, path)
  }
}

/** Nothing is looked at beyond the first field that the schema does not know. */
function fieldProblems(schema: ObjectSchema, value: JsonObject, path: string): readonly string[] {
  const problems: string[] = []
  for (const [key, item] of Object.entries(value)) {
    const field = schema.fields.get(key)
    if (field !== undefined) problems.push(...typedProblems(field.schema, item, `${path}.${key}`))
    else if (!schema.preserveUnknown) return [...problems, `${path}.${key}: field not declared in schema`]
  }
  return problems
}

/** One problem as it is, several one a line. */
export function joinProblems(problems: readonly string[]): string {
  return problems.length === 1 ? (problems[0] ?? '') : ['errors:', ...problems.map((one) => `  ${one}`)].join('\n')
}

const EXPECTED: Partial<Record<Scalar, 'string' | 'boolean' | 'number'>> = {
  string: 'string',
  bytes: 'string',
  boolean: 'boolean',
  int32: 'number',
  int64: 'number',
  double: 'number',
}

/** Quantities, times and numbers that may be texts are scalars of any type here; decoding looks at them more closely. */
function scalarProblems({ scalar }: ScalarSchema, value: unknown, path: string): readonly string[] {
  const expected = EXPECTED[scalar]
  if (expected === undefined || typeof value === expected) return []
  if (expected === 'number') return [`${path}: expected numeric (int or float), got ${goType(value)}`]
  return [`${path}: expected ${expected}, got &value.valueUnstructured{Value:${goSyntax(value)}}`]
}

function listProblems(schema: ListSchema, value: unknown, path: string): readonly string[] {
  if (!Array.isArray(value)) return [`${path}: expected list, got &{${goText(value)}}`]
  const seen = new Set<string>()
  const problems: string[] = []
  for (const [i, item] of value.entries()) {
    if (schema.list === 'atomic') {
      problems.push(...typedProblems(schema.items, item, `${path}[${i}]`))
      continue
    }
    const missing = missingKey(schema, item)
    // Behind an item that has no place nothing is looked at.
    if (missing !== undefined) return [...problems, `${path}: element ${i}: ${missing}`]
    const at = stepText(stepOf(schema, item))
    if (seen.has(at)) problems.push(`${path}: duplicate entries for key ${at}`)
    seen.add(at)
    problems.push(...typedProblems(schema.items, item, path + at))
  }
  return problems
}

function missingKey({ list, keys }: ListSchema, item: unknown): string | undefined {
  if (list !== 'map') return undefined
  if (!isJsonObject(item)) return 'associative list with keys may not have non-map elements'
  if (keys.some(({ name, fallback }) => item[name] !== undefined || fallback !== undefined)) return undefined
  const names = keys.map(({ name }) => JSON.stringify(name)).join(' ')
  return `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`
}

/** A value's type as Go's `%T` names it. */
function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  return typeof value === 'boolean' ? 'bool' : typeof value === 'object' ? 'map[string]interface {}' : typeof value
}

/** A value as Go's `%#v` writes it. */
function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const entries = Object.keys(value).sort()
  return `map[string]interface {}{${entries.map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`).join(', ')}}`
}
