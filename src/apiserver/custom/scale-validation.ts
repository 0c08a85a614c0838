import { isJsonObject } from '../../api/draft.ts'
import { invalid } from '../../api/meta/field-error.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { goText } from '../../api/meta/go-text.ts'
import { customScalePaths } from '../subresources/scale-paths.ts'
import type { ServedResource } from '../verbs/served-resource.ts'

const MOST = 2 ** 31 - 1

/** The replicas of a custom resource that can be scaled are numbers that a Scale can hold, wherever they lie. */
export function validateScale(resource: ServedResource, object: unknown): FieldError[] {
  const paths = customScalePaths(resource)
  if (paths === undefined) return []
  return [...validateReplicas(paths.wanted, object), ...validateReplicas(paths.actual, object)]
}

function validateReplicas(steps: readonly string[], object: unknown): FieldError[] {
  const path = `.${steps.join('.')}`
  let value = object
  for (const step of steps) {
    if (value === undefined) return []
    if (!isJsonObject(value)) return [misread(path, value, 'map[string]interface{}')]
    value = value[step]
  }
  if (value === undefined) return []
  if (typeof value !== 'bigint' && !Number.isInteger(value)) return [misread(path, value, 'int64')]
  const replicas = value as number | bigint
  if (replicas < 0) return [invalid(path, replicas, 'should be a non-negative integer')]
  return replicas > MOST ? [invalid(path, replicas, `should be less than or equal to ${MOST}`)] : []
}

function misread(path: string, value: unknown, wanted: string): FieldError {
  return invalid(
    path,
    0,
    `${path} accessor error: ${goText(value)} is of the type ${goType(value)}, expected ${wanted}`,
  )
}

/** The type as which Go reads a JSON value. */
function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (isJsonObject(value)) return 'map[string]interface {}'
  if (value === null) return '<nil>'
  return { string: 'string', boolean: 'bool' }[typeof value as string] ?? 'float64'
}
