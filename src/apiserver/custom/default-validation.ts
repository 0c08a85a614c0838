import type { FieldError } from '../../api/meta/field-error.ts'
import { invalid } from '../../api/meta/field-error.ts'
import type { JsonSchema } from './json-schema.ts'
import { prune } from './prune.ts'
import { validateByRules } from './rule-validation.ts'
import { validateBySchema } from './schema-validation.ts'

/** ValidateDefaults: defaults are what their own schema and its rules allow, and hold nothing that it does not know. */
export function validateDefaults(schema: JsonSchema, path: string): FieldError[] {
  const { default: fallback, properties = {}, items } = schema
  const errors = fallback === undefined ? [] : ownErrors(schema, fallback, `${path}.default`)
  if (items !== undefined) errors.push(...validateDefaults(items, `${path}.items`))
  for (const [key, child] of Object.entries(properties)) {
    errors.push(...validateDefaults(child, `${path}.properties[${key}]`))
  }
  return errors
}

function ownErrors(schema: JsonSchema, fallback: unknown, path: string): FieldError[] {
  const unknown: string[] = []
  prune(schema, fallback, '', unknown)
  const errors = unknown.length > 0 ? [invalid(path, fallback, 'must not have unknown fields')] : []
  const found = validateBySchema(schema, fallback, '')
  if (found.length > 0) {
    return [
      ...errors,
      ...found.map((error) => ({ ...error, message: withType(error), field: `${path}${error.field}` })),
    ]
  }
  const within = validateByRules(schema, fallback, fallback)
  const broken = within.length > 0 ? within : validateByRules(schema, fallback, undefined)
  const at = (field: string) => (field === '<nil>' ? path : `${path}.${field}`)
  return [...errors, ...broken.map((error) => ({ ...error, field: at(error.field) }))]
}

/** Of a value of the wrong type its type is shown. */
function withType({ reason, message }: FieldError): string {
  const [, detail, type] = /^Invalid value: .*?:( .* "(\w+)")$/.exec(message) ?? []
  return reason === 'FieldValueTypeInvalid' && type !== undefined ? `Invalid value: "${type}":${detail}` : message
}
