import type { Schema } from '../../api/schema/schema.ts'
import type { CelType, ObjectField } from './cel-type.ts'
import { BOOL, BYTES, DOUBLE, DYN, INT, STRING, TIMESTAMP } from './cel-type.ts'
import { canEscape, escapeName } from './field-names.ts'

/**
 * The type that expressions see of a built-in kind; undefined of what has none in Kubernetes' published schemas, such as
 * quantities. A definition within itself is an object without fields.
 */
export function typeOfSchema(schema: Schema, name: string, within: readonly Schema[] = []): CelType | undefined {
  switch (schema.kind) {
    case 'any':
      return undefined
    case 'scalar':
      return SCALARS[schema.scalar]
    case 'list': {
      const items = typeOfSchema(schema.items, `${name}.@idx`, within)
      return items && { kind: 'list', items }
    }
    case 'map': {
      const values = typeOfSchema(schema.values, `${name}.@elem`, within)
      return values && { kind: 'map', keys: STRING, values }
    }
    case 'object': {
      const fields = new Map<string, ObjectField>()
      const inner = [...within, schema]
      if (within.includes(schema)) return { kind: 'object', name, fields }
      for (const [json, field] of schema.fields) {
        const type = typeOfSchema(field.schema, `${name}.${json}`, inner)
        if (type !== undefined && canEscape(json))
          fields.set(escapeName(json), { json, type, required: field.required })
      }
      return { kind: 'object', name, fields }
    }
  }
}

const SCALARS = {
  string: STRING,
  boolean: BOOL,
  int32: INT,
  int64: INT,
  double: DOUBLE,
  bytes: BYTES,
  time: TIMESTAMP,
  'micro-time': TIMESTAMP,
  quantity: undefined,
  'int-or-string': DYN,
} as const
