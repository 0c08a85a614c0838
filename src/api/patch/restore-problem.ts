import { isJsonObject } from '../draft.ts'
import type { Schema } from '../schema/schema.ts'
import { goTypeOf } from '../schema/schema.ts'

/**
 * What keeps a strategically patched value from becoming Go's struct again, in the words of its converter; undefined where
 * nothing of the kind does. Frozen parts are those of the stored object, which the patch left alone.
 */
export function restoreProblem(schema: Schema, value: unknown): string | undefined {
  if (value === null || value === undefined || schema.kind === 'any') return undefined
  if (typeof value === 'object' && Object.isFrozen(value)) return undefined
  if (schema.kind === 'object') {
    if (!isJsonObject(value)) return `cannot restore struct from: ${kindOf(value)}`
    for (const key in value) {
      const field = schema.fields.get(key)
      const problem = field === undefined ? undefined : restoreProblem(field.schema, value[key])
      if (problem !== undefined) return problem
    }
    return undefined
  }
  if (schema.kind === 'map') {
    if (!isJsonObject(value)) return `cannot restore map from ${kindOf(value)}`
    for (const key in value) {
      const problem = restoreProblem(schema.values, value[key])
      if (problem !== undefined) return problem
    }
    return undefined
  }
  if (schema.kind === 'list') {
    if (!Array.isArray(value)) return `cannot restore slice from ${kindOf(value)}`
    for (const part of value) {
      const problem = restoreProblem(schema.items, part)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  const wanted = PLAIN[schema.scalar]
  if (wanted === undefined || typeof value === wanted) return undefined
  return `cannot convert ${kindOf(value) === 'map' ? 'map[string]interface {}' : kindOf(value)} to ${goTypeOf(schema)}`
}

const PLAIN: Readonly<Record<string, string | undefined>> = {
  string: 'string',
  boolean: 'boolean',
  int32: 'number',
  int64: 'number',
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'slice'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  return typeof value === 'string' ? 'string' : 'map'
}
