import type { JsonSchema } from './json-schema.ts'

/** The schema of the field at `.a.b['c']`; a text that says what is wrong with the path where there is none. */
export function fieldAt(schema: JsonSchema, path: string, brackets: boolean): JsonSchema | string {
  let current = schema
  let rest = path
  while (rest !== '') {
    const step = /^(?:\.([^.[\]]+)|\[('(?:\\.|[^'])*')\])/.exec(rest)
    if (step === null) return `expected [ or . but got: ${rest}`
    if (step[2] !== undefined && !brackets) return 'array notation is not allowed'
    const name = step[1] ?? (step[2] ?? '').slice(1, -1).replaceAll(/\\(.)/g, '$1')
    const next = below(current, name)
    if (next === undefined) return 'does not refer to a valid field'
    current = next
    rest = rest.slice(step[0].length)
  }
  return current
}

function below({ properties, additionalProperties }: JsonSchema, name: string): JsonSchema | undefined {
  if (properties !== undefined) return Object.hasOwn(properties, name) ? properties[name] : undefined
  return typeof additionalProperties === 'object' ? additionalProperties : undefined
}
