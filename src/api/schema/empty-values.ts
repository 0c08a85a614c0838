import { isJsonObject } from '../draft.ts'
import type { Draft, JsonObject } from '../draft.ts'
import type { KubeObject } from '../object.ts'
import type { FieldSchema, ObjectSchema, Schema } from './schema.ts'

/**
 * Objects, as they were sent, with empty lists or maps in them that their stored form cannot tell from none. Until they
 * are stored Kubernetes tells them apart: rules see `[]` where none is null, and whoever sent one owns it.
 */
const holders = new WeakSet<object>()

export const noteEmpties = (object: object): void => void holders.add(object)
export const holdsEmpties = (object: object): boolean => holders.has(object)

/** What became of an object (a conversion, a copy) holds what it held. */
export function carryEmpties<T extends object>(from: object, to: T): T {
  if (from !== to && holders.has(from)) holders.add(to)
  return to
}

export function isEmptyCollection(schema: Schema, value: unknown): boolean {
  if (schema.kind === 'list') return Array.isArray(value) && value.length === 0
  return schema.kind === 'map' && isJsonObject(value) && Object.keys(value).length === 0
}

/** Whether an empty value of the field is the same as none once it is stored. */
export const losesEmpty = ({ schema, keepsEmpty, zero }: FieldSchema, value: unknown): boolean =>
  (zero === 'omitted' || !keepsEmpty) && isEmptyCollection(schema, value)

/** Brings an object into the form that it is stored in, in place: empty lists and maps are left out, or null. */
export function dropEmpties(schema: ObjectSchema, object: Draft<KubeObject>): void {
  if (!holders.has(object)) return
  const clean = storedEmpties(schema, object) as unknown as JsonObject
  const own = object as unknown as JsonObject
  for (const key of Object.keys(own)) if (clean[key] !== own[key]) replace(own, key, clean[key])
  holders.delete(object)
}

/** What {@link dropEmpties} would make of the object, which stays as it is. */
export function storedEmpties<T extends object>(schema: ObjectSchema, object: T): T {
  if (!holders.has(object)) return object
  return without(schema, object, (field) => (field.zero === 'written' ? null : undefined)) as T
}

/** The object as Kubernetes sends it on: fields that are left out where they are empty are not there. */
export function servedEmpties<T extends object>(schema: ObjectSchema, object: T): T {
  if (!holders.has(object)) return object
  return without(schema, object, (field, value) => (field.zero === 'written' ? value : undefined)) as T
}

function replace(object: JsonObject, key: string, value: unknown): void {
  if (value === undefined) delete object[key]
  else object[key] = value
}

type Instead = (field: FieldSchema, value: unknown) => unknown

/** The value with its empty lists and maps replaced; itself where there are none. */
function without(schema: Schema, value: unknown, instead: Instead): unknown {
  if (schema.kind === 'list' && Array.isArray(value)) {
    const items = value.map((item) => without(schema.items, item, instead))
    return items.some((item, i) => item !== value[i]) ? items : value
  }
  if (!isJsonObject(value)) return value
  if (schema.kind === 'map') return changed(value, (item) => without(schema.values, item, instead))
  if (schema.kind !== 'object') return value
  return changed(value, (item, key) => {
    const field = schema.fields.get(key)
    if (field === undefined) return item
    return losesEmpty(field, item) ? instead(field, item) : without(field.schema, item, instead)
  })
}

function changed(object: JsonObject, change: (value: unknown, key: string) => unknown): JsonObject {
  let copy: JsonObject | undefined
  for (const key of Object.keys(object)) {
    const value = change(object[key], key)
    if (value !== object[key]) replace((copy ??= { ...object }), key, value)
  }
  return copy ?? object
}
