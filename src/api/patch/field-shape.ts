import { isJsonObject } from '../draft.ts'
import { jsonEqual } from '../meta/equal.ts'
import type { ListSchema, Schema } from '../schema/schema.ts'
import { isDivisible, schemaOfField } from './typed.ts'

/**
 * What of a value decides which fields its manager has: names of fields and keys of items, not what is in them. Objects that
 * are made from one template have one shape by the thousand.
 */
type Shape =
  | { readonly type: 'leaf' }
  /** A leaf that is there with nothing set, too: it belongs to its writer where it differs from that. */
  | { readonly type: 'compared'; readonly base: unknown; readonly isSame: boolean; readonly isNull: boolean }
  | {
      readonly type: 'fields'
      readonly names: readonly string[]
      readonly parts: readonly Shape[]
      readonly of: Schema
    }
  | {
      readonly type: 'items'
      readonly keys: readonly ItemKey[]
      readonly parts: readonly Shape[]
      readonly of: ListSchema
    }

/** By what an item is told from others: the values of its keys, or itself. */
type ItemKey = readonly unknown[]

export type { Shape as FieldShape }

/** The shape of `value`, as it differs from `base`, a value of which all is zero. */
export function shapeOf(schema: Schema, value: unknown, base: unknown): Shape {
  const of = itemsSchema(schema, value)
  if (of !== undefined) {
    const items = value as readonly unknown[]
    const parts = items.map((item) => shapeOf(of.items, item, undefined))
    return { type: 'items', of, keys: items.map((item) => keyOf(of, item)), parts }
  }
  if (isJsonObject(value) && isDivisible(schema)) {
    const names = Object.keys(value).filter((name) => value[name] !== undefined)
    const below = isJsonObject(base) ? base : {}
    const parts = names.map((name) =>
      shapeOf(schemaOfField(schema, name), value[name], Object.hasOwn(below, name) ? below[name] : undefined),
    )
    return { type: 'fields', of: schema, names, parts }
  }
  if (base === undefined) return { type: 'leaf' }
  return { type: 'compared', base, isSame: jsonEqual(base, value), isNull: value === null }
}

/** Whether `value` has that shape. Makes nothing: every creation is looked at. */
export function hasShape(shape: Shape, schema: Schema, value: unknown): boolean {
  switch (shape.type) {
    case 'fields':
      return isJsonObject(value) && hasFields(shape, schema, value)
    case 'items':
      return itemsSchema(schema, value) === shape.of && hasItems(shape, value as readonly unknown[])
    case 'compared':
      if (isParted(schema, value) || (value === null) !== shape.isNull) return false
      return jsonEqual(shape.base, value) === shape.isSame
    case 'leaf':
      return !isParted(schema, value)
  }
}

function hasFields(
  shape: Shape & { readonly type: 'fields' },
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
) {
  if (shape.of !== schema) return false
  let count = 0
  for (const name in value) {
    const part = value[name]
    if (part === undefined) continue
    if (shape.names[count] !== name || !hasShape(shape.parts[count]!, schemaOfField(schema, name), part)) return false
    count++
  }
  return count === shape.names.length
}

function hasItems({ keys, parts, of }: Shape & { readonly type: 'items' }, items: readonly unknown[]): boolean {
  if (items.length !== keys.length) return false
  for (let i = 0; i < items.length; i++) {
    if (!hasKey(keys[i]!, of, items[i]) || !hasShape(parts[i]!, of.items, items[i])) return false
  }
  return true
}

/** The schema of a list whose items have owners of their own; undefined where the value is none. */
const itemsSchema = (schema: Schema, value: unknown): ListSchema | undefined =>
  Array.isArray(value) && schema.kind === 'list' && schema.list !== 'atomic' ? schema : undefined

const isParted = (schema: Schema, value: unknown): boolean =>
  Array.isArray(value) ? itemsSchema(schema, value) !== undefined : isJsonObject(value) && isDivisible(schema)

function keyOf({ list, keys }: ListSchema, item: unknown): ItemKey {
  if (list !== 'map') return [structuredClone(item)]
  return keys.map(({ name, fallback }) => (isJsonObject(item) ? item[name] : undefined) ?? fallback)
}

function hasKey(key: ItemKey, { list, keys }: ListSchema, item: unknown): boolean {
  if (list !== 'map') return jsonEqual(key[0], item)
  for (let i = 0; i < keys.length; i++) {
    const { name, fallback } = keys[i]!
    if (!jsonEqual((isJsonObject(item) ? item[name] : undefined) ?? fallback, key[i])) return false
  }
  return true
}
