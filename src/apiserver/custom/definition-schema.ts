import type { FieldError } from '../../api/meta/field-error.ts'
import { forbidden, invalid } from '../../api/meta/field-error.ts'
import { validateDefaults } from './default-validation.ts'
import { schemaForm } from './definition-form.ts'
import { totalCostErrors } from './definition-rules.ts'
import type { RuleLook } from './definition-rules.ts'
import type { JsonSchema } from './json-schema.ts'
import { validateOpenApi } from './openapi-schema.ts'
import { says, validateStructural } from './structural.ts'

/** validateCustomResourceDefinitionValidation: `path` is that of the schema. */
export function validateDefinitionSchema(
  schema: JsonSchema,
  path: string,
  { hasStatus, isKept }: { readonly hasStatus: boolean; readonly isKept: boolean },
): FieldError[] {
  const errors = hasStatus ? rootErrors(schema, path) : []
  if (schema.nullable) errors.push(forbidden(`${path}.nullable`, 'nullable cannot be true at the root'))
  const unsupported = unsupportedWord(schema)
  const structural = unsupported === undefined ? structuralErrors(schema, path) : []
  const look: RuleLook | undefined =
    unsupported === undefined && structural.length === 0 ? { costs: [], isKept } : undefined
  const found = validateOpenApi(schema, path, look)
  errors.push(...structural, ...found.schema, ...found.rules)
  if (errors.length === 0 && unsupported !== undefined) errors.push(invalid(path, '', unsupported))
  return look === undefined ? errors : [...errors, ...totalCostErrors(look, path)]
}

function structuralErrors(schema: JsonSchema, path: string): readonly FieldError[] {
  const errors = validateStructural(schema, path)
  return errors.length > 0 ? errors : validateDefaults(schema, path)
}

/** What Kubernetes cannot make a structural schema of at all. */
function unsupportedWord(schema: JsonSchema): string | undefined {
  const of = (word: string) => `OpenAPIV3Schema '${word}' is not supported`
  if (says(schema.id)) return of('id')
  if (says(schema.$schema)) return of('schema')
  if (says(schema.$ref)) return of('$ref')
  for (const word of ['patternProperties', 'dependencies'] as const) if (says(schema[word])) return of(word)
  if (schema.additionalItems !== undefined) return of('additionalItems')
  if (says(schema.definitions)) return of('definitions')
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
  }
  if (Array.isArray(schema.items) && schema.items.length > 0) {
    return "OpenAPIV3Schema 'items' must be a schema, but is an array"
  }
  const { not, items, allOf = [], anyOf = [], oneOf = [], properties = {}, additionalProperties } = schema
  const parts = [not, ...allOf, ...anyOf, ...oneOf, items, ...Object.values(properties), additionalProperties]
  for (const one of parts) {
    const word = typeof one === 'object' && !Array.isArray(one) ? unsupportedWord(one) : undefined
    if (word !== undefined) return word
  }
  return undefined
}

const AT_ROOT =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations'

/** Where the status is written apart its schema is taken out: what is said of the whole must not be lost by that. */
function rootErrors(schema: JsonSchema, path: string): FieldError[] {
  const form = schemaForm(schema)
  for (const [name, value] of Object.entries(form)) {
    if (value === null || value === '' || value === false) continue
    if (name === 'Type') {
      if (value === 'object') continue
      const detail =
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
      return [invalid(`${path}.type`, value, detail)]
    }
    if (AT_ROOT.split(' ').includes(name)) continue
    const detail = `only [${AT_ROOT}] fields are allowed at the root of the schema if the status subresource is enabled`
    return [invalid(path, form, detail)]
  }
  return []
}
