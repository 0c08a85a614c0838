import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'
import { jsonEqual } from '../meta/equal.ts'
import { apiError } from '../meta/status.ts'
import type { FieldPatch, FieldSchema, Schema } from '../schema/schema.ts'
import { objectOf } from './merge.ts'

const DELETE_FROM = '$deleteFromPrimitiveList/'
const ORDER = '$setElementOrder/'
const RETAIN = '$retainKeys'
const DIRECTIVE = '$patch'

/**
 * Kubernetes' strategic merge patch, with all its directives. Throws a BadRequest ApiError where the patch is malformed.
 * Gives a new value; no argument is changed.
 */
export function applyStrategicPatch(schema: Schema, target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) throw apiError('BadRequest', 'the body of the request was in an unknown format')
  return mergeObject(schema, isJsonObject(target) ? target : {}, patch, false)
}

const bad = (message: string) => apiError('BadRequest', message)

function mergeObject(schema: Schema, target: JsonObject, patch: JsonObject, retains: boolean): unknown {
  const directive = patch[DIRECTIVE]
  if (directive === 'replace') return withoutDirectives(objectOf(Object.entries(patch)))
  if (directive === 'delete') return {}
  if (directive !== undefined && directive !== 'merge') {
    throw bad(`Unknown patch type found: ${JSON.stringify(directive)}`)
  }
  const result = new Map(Object.entries(target))
  applyRetainKeys(result, patch, retains)
  for (const [key, value] of Object.entries(patch)) {
    if (key === DIRECTIVE || key === RETAIN || key.startsWith(ORDER)) continue
    if (key.startsWith(DELETE_FROM)) deletePrimitives(result, key.slice(DELETE_FROM.length), value)
    else mergeField(schema, result, key, value, patch)
  }
  for (const key of Object.keys(patch)) if (key.startsWith(ORDER)) applyOrder(schema, result, target, patch, key)
  return objectOf(result)
}

function applyRetainKeys(result: Map<string, unknown>, patch: JsonObject, retains: boolean): void {
  const keys = patch[RETAIN]
  if (keys === undefined) return
  if (!retains || !Array.isArray(keys)) throw bad('invalid $retainKeys directive')
  for (const key of result.keys()) if (!keys.includes(key)) result.delete(key)
}

function mergeField(
  schema: Schema,
  result: Map<string, unknown>,
  key: string,
  value: unknown,
  patch: JsonObject,
): void {
  if (value === null) {
    result.delete(key)
    return
  }
  const field = fieldOf(schema, key)
  const old = result.get(key)
  if (isJsonObject(value)) {
    const merged = mergeObject(
      field?.schema ?? ANY,
      isJsonObject(old) ? old : {},
      value,
      field?.patch.retainKeys === true,
    )
    result.set(key, merged)
  } else if (Array.isArray(value) && field?.patch.merge === true) {
    const order = patch[ORDER + key]
    result.set(key, mergeList(field, Array.isArray(old) ? old : [], value, Array.isArray(order)))
  } else result.set(key, withoutDirectives(value))
}

const ANY: Schema = { kind: 'any' }

function fieldOf(schema: Schema, key: string): FieldSchema | undefined {
  if (schema.kind === 'object') return schema.fields.get(key)
  if (schema.kind !== 'map') return undefined
  return { schema: schema.values, required: false, zero: 'as given', patch: { merge: false, retainKeys: false } }
}

function mergeList(
  field: FieldSchema,
  old: readonly unknown[],
  patch: readonly unknown[],
  ordered: boolean,
): unknown[] {
  const { mergeKey } = field.patch
  if (mergeKey === undefined) return mergePrimitives(old, patch)
  return mergeByKey(itemsOf(field.schema), mergeKey, old, patch, ordered)
}

const itemsOf = (schema: Schema): Schema => (schema.kind === 'list' ? schema.items : ANY)

function mergePrimitives(old: readonly unknown[], patch: readonly unknown[]): unknown[] {
  const result = [...old]
  for (const item of patch) if (!result.includes(item)) result.push(item)
  return result
}

function mergeByKey(
  schema: Schema,
  key: string,
  old: readonly unknown[],
  patch: readonly unknown[],
  ordered: boolean,
): unknown[] {
  const items = patch.map((item) => keyed(item, key))
  if (items.some((item) => item[DIRECTIVE] === 'replace')) {
    return items.filter((item) => item[DIRECTIVE] !== 'replace').map(withoutDirectives)
  }
  const result: unknown[] = [...old]
  const touched: unknown[] = []
  for (const item of items) {
    const at = result.findIndex((one) => isJsonObject(one) && jsonEqual(one[key], item[key]))
    if (item[DIRECTIVE] === 'delete') {
      if (at >= 0) result.splice(at, 1)
      continue
    }
    const existing = at >= 0 ? (result[at] as JsonObject) : {}
    const merged = mergeObject(schema, existing, item, false)
    if (at >= 0) result[at] = merged
    else result.push(merged)
    touched.push(item[key])
  }
  return ordered ? result : patchedFirst(result, key, touched, old)
}

/** What the patch names comes first, in the patch's order where it is new; the live order decides among old ones. */
function patchedFirst(
  items: readonly unknown[],
  key: string,
  touched: readonly unknown[],
  old: readonly unknown[],
): unknown[] {
  const named = touched.flatMap((value) => items.filter((item) => isJsonObject(item) && jsonEqual(item[key], value)))
  const rest = items.filter((item) => !named.includes(item))
  return interleave(named, rest, key, old)
}

/** Two ordered lists as one: an unnamed item stays before a named one where it was so in the live list. */
function interleave(
  named: readonly unknown[],
  rest: readonly unknown[],
  key: string,
  old: readonly unknown[],
): unknown[] {
  const position = (item: unknown) =>
    old.findIndex((one) => isJsonObject(one) && isJsonObject(item) && jsonEqual(one[key], item[key]))
  const result: unknown[] = []
  let [i, j] = [0, 0]
  while (i < named.length && j < rest.length) {
    const [left, right] = [position(named[i]), position(rest[j])]
    const restFirst = left >= 0 && right >= 0 && right < left
    result.push(restFirst ? rest[j++] : named[i++])
  }
  return [...result, ...named.slice(i), ...rest.slice(j)]
}

function keyed(item: unknown, key: string): JsonObject {
  if (!isJsonObject(item)) throw bad(`unable to find api field: expected an object with merge key ${key}`)
  if (item[DIRECTIVE] !== 'replace' && item[key] === undefined) {
    throw bad(`map: ${goMap(item)} does not contain declared merge key: ${key}`)
  }
  return item
}

function goMap(item: JsonObject): string {
  const entries = Object.keys(item)
    .sort()
    .map((key) => `${key}:${isJsonObject(item[key]) ? goMap(item[key]) : String(item[key])}`)
  return `map[${entries.join(' ')}]`
}

function deletePrimitives(result: Map<string, unknown>, key: string, values: unknown): void {
  const old = result.get(key)
  if (!Array.isArray(values)) throw bad('deleteFromPrimitiveList must be a list')
  if (Array.isArray(old))
    result.set(
      key,
      old.filter((item) => !values.includes(item)),
    )
}

function applyOrder(
  schema: Schema,
  result: Map<string, unknown>,
  target: JsonObject,
  patch: JsonObject,
  directive: string,
): void {
  const key = directive.slice(ORDER.length)
  const order = patch[directive]
  const list = result.get(key)
  if (!Array.isArray(order) || !Array.isArray(list)) return
  const mergeKey: FieldPatch['mergeKey'] = fieldOf(schema, key)?.patch.mergeKey
  const nameOf = (item: unknown) => (mergeKey !== undefined && isJsonObject(item) ? item[mergeKey] : item)
  const wanted = order.map(nameOf)
  const isNamed = (item: unknown) => wanted.some((one) => jsonEqual(one, nameOf(item)))
  const rank = (item: unknown) => wanted.findIndex((one) => jsonEqual(one, nameOf(item)))
  const named = list.filter(isNamed).sort((a, b) => rank(a) - rank(b))
  const rest = list.filter((item) => !isNamed(item))
  const old = Array.isArray(target[key]) ? (target[key] as unknown[]) : []
  const byName =
    mergeKey === undefined ? interleavePrimitives(named, rest, old) : interleave(named, rest, mergeKey, old)
  result.set(key, byName)
}

function interleavePrimitives(named: readonly unknown[], rest: readonly unknown[], old: readonly unknown[]): unknown[] {
  const wrap = (items: readonly unknown[]) => items.map((value) => ({ value }))
  return interleave(wrap(named), wrap(rest), 'value', wrap(old)).map((item) => (item as { value: unknown }).value)
}

/** What a patch adds as a whole must not leave directives in the object. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives)
  if (!isJsonObject(value)) return value
  const isDirective = (key: string) =>
    key === DIRECTIVE || key === RETAIN || key.startsWith(ORDER) || key.startsWith(DELETE_FROM)
  const kept = Object.entries(value).filter(([key, item]) => !isDirective(key) && item !== null)
  return objectOf(kept.map(([key, item]) => [key, withoutDirectives(item)] as const))
}
