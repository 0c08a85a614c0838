import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'
import { copyJson } from '../meta/copy.ts'
import { goText } from '../meta/go-text.ts'
import { apiError } from '../meta/status.ts'
import type { FieldPatch, Schema } from '../schema/schema.ts'
import { badType, failure, malformed, noMergeKey, unknownDirective } from './strategic-failure.ts'
import { DIRECTIVE, holdObjects, indexIn, normalizeOrder, partition, requireKeys } from './strategic-order.ts'

const DELETE_FROM = '$deleteFromPrimitiveList'
const ORDER = '$setElementOrder'
const RETAIN = '$retainKeys'

/**
 * Kubernetes' strategic merge patch, with all its directives and its answers to malformed ones. Gives a new value, which
 * shares with `target` what the patch does not name; no argument is changed. Follows the steps of `k8s.io/apimachinery/pkg/util/strategicpatch`, whose order shows in results.
 */
export function applyStrategicPatch(schema: Schema, target: unknown, patch: unknown): unknown {
  if (patch === null) return target
  if (!isJsonObject(patch)) {
    const what = Array.isArray(patch) ? 'array' : typeof patch
    throw apiError('BadRequest', `json: cannot unmarshal ${what} into Go value of type map[string]interface {}`)
  }
  return mergeObject(schema, isJsonObject(target) ? target : {}, copyJson(patch))
}

/** What `patch`, which is changed, makes of `live`. */
function mergeObject(schema: Schema, live: JsonObject, patch: JsonObject): JsonObject {
  const directive = patch[DIRECTIVE]
  if (directive !== undefined) return directed(directive, patch)
  const original = { ...live }
  retainKeys(original, patch)
  mergeOrderedLists(schema, original, patch)
  for (const [name, value] of Object.entries(patch)) {
    const deletes = name.startsWith(DELETE_FROM)
    const key = deletes ? listOf(name, 'primitives') : name
    if (value === null) delete original[key]
    else mergeField(schema, original, key, value, deletes)
  }
  return original
}

function directed(directive: unknown, patch: JsonObject): JsonObject {
  if (directive === 'delete') return {}
  if (directive !== 'replace') throw unknownDirective(directive, patch)
  const { [DIRECTIVE]: _, ...rest } = patch
  return rest
}

/** The list that a directive such as `$setElementOrder/containers` is about. */
function listOf(directive: string, what: 'primitives' | 'order'): string {
  const at = directive.indexOf('/')
  if (at < 0) throw malformed(what)
  return directive.slice(at + 1)
}

function mergeField(schema: Schema, original: JsonObject, key: string, value: unknown, deletes: boolean): void {
  const old = original[key]
  const sameKind = Array.isArray(old) ? Array.isArray(value) : isJsonObject(old) && isJsonObject(value)
  if (Object.hasOwn(original, key) && sameKind) {
    const { inner, patch } = fieldOf(schema, key)
    if (Array.isArray(old)) set(original, key, mergeList(inner, patch, old, value as unknown[], deletes))
    else set(original, key, mergeObject(inner, old as JsonObject, value as JsonObject))
  } else if (!deletes) set(original, key, withoutDirectives(withoutNulls(value)))
}

const NO_PATCH: FieldPatch = { merge: false, retainKeys: false }
const ANY: Schema = { kind: 'any' }

function fieldOf(schema: Schema, key: string): { readonly inner: Schema; readonly patch: FieldPatch } {
  if (schema.kind === 'map') return { inner: schema.values, patch: NO_PATCH }
  const field = schema.kind === 'object' ? schema.fields.get(key) : undefined
  return field === undefined ? { inner: ANY, patch: NO_PATCH } : { inner: field.schema, patch: field.patch }
}

/** Sets an own property, whatever its name; undefined takes it away. */
function set(target: JsonObject, key: string, value: unknown): void {
  if (value === undefined) delete target[key]
  else if (!(key in Object.prototype)) target[key] = value
  else Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
}

function retainKeys(original: JsonObject, patch: JsonObject): void {
  const keys = patch[RETAIN]
  if (keys === undefined) return
  delete patch[RETAIN]
  if (!Array.isArray(keys)) throw malformed('retainKeys')
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key.startsWith(DELETE_FROM) || key.startsWith(ORDER)) continue
    if (!keys.includes(key)) throw malformed('retainKeys')
  }
  for (const key of Object.keys(original)) if (!keys.includes(key)) delete original[key]
}

/** Lists that the patch puts into an order are merged with it at once, and are done with then. */
function mergeOrderedLists(schema: Schema, original: JsonObject, patch: JsonObject): void {
  for (const [name, order] of Object.entries(patch)) {
    if (!name.startsWith(ORDER)) continue
    delete patch[name]
    if (!Array.isArray(order)) throw badType('[]interface {}', order)
    const key = listOf(name, 'order')
    const [live, changes] = [listAt(original, key), listAt(patch, key)]
    const { inner, patch: how } = fieldOf(schema, key)
    checkOrder(changes ?? [], order, how.mergeKey)
    if (live === undefined && changes === undefined) continue
    const merged =
      changes === undefined
        ? (live ?? [])
        : live === undefined
          ? (withoutDirectives(changes) as unknown[])
          : mergeList(inner, how, live, changes, false)
    const [patched, serverOnly] = partition(merged, order, how.mergeKey)
    holdObjects(live ?? [], changes ?? [])
    set(original, key, normalizeOrder(patched, serverOnly, order, live ?? [], how.mergeKey))
    delete patch[key]
  }
}

function listAt(object: JsonObject, key: string): unknown[] | undefined {
  const list = object[key]
  if (list === undefined || Array.isArray(list)) return list as unknown[] | undefined
  throw badType('[]interface {}', list)
}

/** What the patch holds must stand in the order that it asks for. */
function checkOrder(changes: readonly unknown[], order: readonly unknown[], key: string | undefined): void {
  if (order.length === 0 || changes.length === 0) return
  const kept = changes.filter((item) => !(isJsonObject(item) && DIRECTIVE in item))
  let next = 0
  for (const one of order) {
    if (next === kept.length) break
    if (key !== undefined) requireKeys([kept[next], one], key)
    if (indexIn([one], kept[next], key) === 0) next += 1
  }
  if (next === kept.length) return
  throw failure(`The order in patch list:\n${goText(changes)}\n doesn't match ${ORDER} list:\n${goText(order)}\n`)
}

function mergeList(schema: Schema, how: FieldPatch, live: unknown[], changes: unknown[], deletes: boolean): unknown[] {
  if (!how.merge && !deletes) return changes
  if (live.length === 0 && changes.length === 0) return live
  const key = how.mergeKey
  if (!holdObjects(live, changes)) {
    if (deletes) return live.filter((item) => !changes.includes(item))
    return ordered([...new Set([...live, ...changes])], changes, live, undefined)
  }
  if (key === undefined) throw failure('cannot merge lists without merge key')
  const items = schema.kind === 'list' ? schema.items : ANY
  const { base, patch } = special(live, changes as JsonObject[], key)
  const merged = [...base]
  for (const item of patch) {
    if (item[key] === undefined) throw noMergeKey(item, key)
    const at = indexIn(merged, item, key)
    if (at < 0) merged.push(item)
    else merged[at] = mergeObject(items, merged[at] as JsonObject, item)
  }
  return ordered(merged, patch, base, key)
}

function ordered(
  merged: readonly unknown[],
  changes: readonly unknown[],
  live: readonly unknown[],
  key: string | undefined,
): unknown[] {
  const [patched, serverOnly] = partition(merged, changes, key)
  return normalizeOrder(patched, serverOnly, changes, live, key)
}

/** Obeys the items that are directives: of `base` some are gone, `patch` is what is left to merge. */
function special(
  live: readonly unknown[],
  changes: readonly JsonObject[],
  key: string,
): { readonly base: readonly unknown[]; readonly patch: readonly JsonObject[] } {
  let base = live
  let replaces = false
  for (const item of changes) {
    const directive = item[DIRECTIVE]
    if (directive === undefined) continue
    if (directive === 'replace') replaces = true
    else if (directive === 'merge') throw failure('merging lists cannot yet be specified in the patch')
    else if (directive !== 'delete') throw unknownDirective(directive, item)
    else if (item[key] === undefined) throw noMergeKey(item, key)
    else base = base.filter((one) => indexIn([one], item, key) < 0)
  }
  const patch = changes.filter((item) => item[DIRECTIVE] === undefined)
  return replaces ? { base: patch, patch: [] } : { base, patch }
}

/** What a patch adds as a whole keeps no directives: objects that have one are left out. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined)
  if (!isJsonObject(value)) return value
  if (DIRECTIVE in value) return undefined
  for (const [key, item] of Object.entries(value)) set(value, key, withoutDirectives(item))
  return value
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) value.forEach(withoutNulls)
  else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (item === null) delete value[key]
      else withoutNulls(item)
    }
  }
  return value
}
