import type { JsonSchema } from './json-schema.ts'

/** Whether a schema, or one below it, is of those that `isOne` names; told once for each. */
export function holds(isOne: (schema: JsonSchema) => boolean): (schema: JsonSchema) => boolean {
  const known = new WeakMap<JsonSchema, boolean>()
  const search = (schema: JsonSchema): boolean => {
    let found = known.get(schema)
    if (found === undefined) {
      const { items, additionalProperties, properties } = schema
      found =
        isOne(schema) ||
        (items !== undefined && search(items)) ||
        (typeof additionalProperties === 'object' && search(additionalProperties)) ||
        Object.values(properties ?? {}).some(search)
      known.set(schema, found)
    }
    return found
  }
  return search
}
