import type { FieldError } from '../../api/meta/field-error.ts'
import { duplicate, invalid, required, tooMany } from '../../api/meta/field-error.ts'
import type { JsonSchema } from './json-schema.ts'
import { fieldAt } from './schema-path.ts'

/** How a version's objects are shown, scaled and selected. */
export interface VersionParts {
  readonly subresources?: {
    readonly status?: object
    readonly scale?: {
      readonly specReplicasPath?: string
      readonly statusReplicasPath?: string
      readonly labelSelectorPath?: string
    }
  }
  readonly additionalPrinterColumns?: readonly {
    readonly name?: string
    readonly type?: string
    readonly format?: string
    readonly jsonPath?: string
  }[]
  readonly selectableFields?: readonly { readonly jsonPath?: string }[]
}

const TYPES = ['boolean', 'date', 'integer', 'number', 'string']
const FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']
const MOST_SELECTABLE = 8

const pathProblem = (path: string): string | undefined =>
  path.startsWith('.') ? undefined : 'must be a simple json path starting with .'

export function validateColumns(columns: VersionParts['additionalPrinterColumns'], path: string): FieldError[] {
  return (columns ?? []).flatMap(({ name = '', type = '', format = '', jsonPath = '' }, i) => {
    const at = `${path}[${i}]`
    const errors = name === '' ? [required(`${at}.name`)] : []
    if (type === '') errors.push(required(`${at}.type`, `must be one of ${TYPES.join(',')}`))
    else if (!TYPES.includes(type)) errors.push(invalid(`${at}.type`, type, `must be one of ${TYPES.join(',')}`))
    if (format !== '' && !FORMATS.includes(format)) {
      errors.push(invalid(`${at}.format`, format, `must be one of ${FORMATS.join(',')}`))
    }
    const problem = pathProblem(jsonPath)
    if (jsonPath === '') errors.push(required(`${at}.JSONPath`))
    else if (problem !== undefined) errors.push(invalid(`${at}.JSONPath`, jsonPath, problem))
    return errors
  })
}

export function validateSubresources(subresources: VersionParts['subresources'], path: string): FieldError[] {
  const scale = subresources?.scale
  if (scale === undefined) return []
  const check = (name: keyof typeof scale, roots: readonly string[], where: string, needed: boolean) => {
    const value = scale[name] ?? ''
    const at = `${path}.scale.${name}`
    if (value === '') return needed ? [required(at)] : []
    const problem = pathProblem(value)
    if (problem !== undefined) return [invalid(at, value, problem)]
    if (roots.some((root) => value.startsWith(root))) return []
    return [invalid(at, value, `should be a json path under ${where}`)]
  }
  return [
    ...check('specReplicasPath', ['.spec.'], '.spec', true),
    ...check('statusReplicasPath', ['.status.'], '.status', true),
    ...check('labelSelectorPath', ['.spec.', '.status.'], 'either .spec or .status', false),
  ]
}

export function validateSelectable(
  fields: VersionParts['selectableFields'],
  schema: JsonSchema,
  path: string,
): FieldError[] {
  const seen = new Set<string>()
  const errors = (fields ?? []).flatMap(({ jsonPath = '' }, i) => {
    const at = `${path}[${i}].jsonPath`
    if (jsonPath === '') return [required(at)]
    const found = fieldAt(schema, jsonPath, false)
    if (typeof found === 'string') return [invalid(at, jsonPath, `is an invalid path: ${found}`)]
    const own: FieldError[] = []
    if (/^\.metadata\b/.test(jsonPath)) own.push(invalid(at, jsonPath, 'must not point to fields in metadata'))
    if (!['string', 'boolean', 'integer'].includes(found.type ?? '')) {
      const detail =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'
      own.push(invalid(at, jsonPath, detail))
    }
    if (seen.has(jsonPath)) own.push(duplicate(at, jsonPath))
    seen.add(jsonPath)
    return own
  })
  return seen.size > MOST_SELECTABLE ? [...errors, tooMany(path, seen.size, MOST_SELECTABLE)] : errors
}
