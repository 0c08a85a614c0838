import type { FieldError } from '../../api/meta/field-error.ts'
import { required } from '../../api/meta/field-error.ts'
import type { JsonSchema } from './json-schema.ts'

/** validateStructuralCompleteness: what `allOf` and its kin say something of must be specified outside of them too. */
export const validateCompleteness = (schema: JsonSchema, path: string): FieldError[] =>
  ofJunctors(schema, schema, path, path)

function ofJunctors(value: JsonSchema, schema: JsonSchema, at: string, path: string): FieldError[] {
  const { not, allOf = [], anyOf = [], oneOf = [] } = value
  const list = (name: string, ones: readonly JsonSchema[]) =>
    ones.flatMap((one, i) => ofNested(one, schema, at, `${path}.${name}[${i}]`))
  return [
    ...(not === undefined ? [] : ofNested(not, schema, at, `${path}.not`)),
    ...list('allOf', allOf),
    ...list('anyOf', anyOf),
    ...list('oneOf', oneOf),
  ]
}

/** `at` is where the structural schema lies, `path` where something is said of it. */
function ofNested(value: JsonSchema, schema: JsonSchema | undefined, at: string, path: string): FieldError[] {
  if (schema === undefined) return [required(at, `because it is defined in ${path}`)]
  const errors = ofJunctors(value, schema, at, path)
  if (value.items !== undefined) errors.push(...ofNested(value.items, schema.items, `${at}.items`, `${path}.items`))
  for (const [key, child] of Object.entries(value.properties ?? {})) {
    const [inner, said] = [`${at}.properties[${key}]`, `${path}.properties[${key}]`]
    errors.push(...ofNested(child, schema.properties?.[key], inner, said))
  }
  return errors
}
