import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'
import { jsonEqual } from '../meta/equal.ts'
import type { ListSchema, Schema } from '../schema/schema.ts'
import { hasSelf, LEAF, makeSet, unite } from './field-set.ts'
import type { FieldSet } from './field-set.ts'

/** What lies within a value, each part under its step in `fieldsV1`; undefined where it is one indivisible thing. */
export function partsOf(schema: Schema, value: unknown): Map<string, Part> | undefined {
  if (schema.kind === 'list' && Array.isArray(value)) return itemsOf(schema, value)
  if (!isJsonObject(value) || value instanceof Repeated || schema.kind === 'scalar' || schema.kind === 'list')
    return undefined
  if (schema.atomic === true) return undefined
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return new Map(
    entries.map(([key, item]) => [`f:${key}`, { schema: schemaOfField(schema, key), value: item }] as const),
  )
}

export interface Part {
  readonly schema: Schema
  readonly value: unknown
}

const ANY: Schema = { kind: 'any' }

/** A field's schema; what has none is one thing or, if it is an object, a map of such. */
export function schemaOfField(schema: Schema, key: string): Schema {
  if (schema.kind === 'object') return schema.fields.get(key)?.schema ?? ANY
  return schema.kind === 'map' ? schema.values : ANY
}

function itemsOf(schema: ListSchema, list: readonly unknown[]): Map<string, Part> | undefined {
  if (schema.list === 'atomic') return undefined
  const parts = new Map<string, Part>()
  for (const value of list) {
    const step = stepOf(schema, value)
    const same = parts.get(step)
    parts.set(step, same === undefined ? { schema: schema.items, value } : repeated(same, value))
  }
  return parts
}

/** Items with the same keys: one thing together, of which nobody owns a part. */
class Repeated {
  readonly items: readonly unknown[]

  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

function repeated({ value: same }: Part, value: unknown): Part {
  return { schema: WHOLE, value: new Repeated([...(same instanceof Repeated ? same.items : [same]), value]) }
}

const WHOLE: Schema = { kind: 'any', atomic: true }

/** A list by keys has an item with none of them: such an object has no fields that could be told apart. */
export class UnkeyedItemError extends Error {
  override readonly name = 'UnkeyedItemError'
}

/** An item's step: its keys, with their defaults, or the item itself. Throws an UnkeyedItemError where it has no key. */
export function stepOf(schema: ListSchema, item: unknown): string {
  if (schema.list !== 'map') return `v:${JSON.stringify(item)}`
  const fields: JsonObject = isJsonObject(item) ? item : {}
  const names = schema.keys.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const keys = names.map(({ name, fallback }) => [name, fields[name] ?? fallback] as const)
  const present = keys.filter(([, value]) => value !== undefined)
  if (present.length === 0) throw new UnkeyedItemError(`an item lacks ${names.map(({ name }) => name).join(', ')}`)
  return `k:${JSON.stringify(Object.fromEntries(present))}`
}

/** How one value differs from another: fields set anew or otherwise, and fields gone. */
export interface Difference {
  readonly changed: FieldSet | undefined
  readonly removed: FieldSet | undefined
}

export function compare(schema: Schema, old: unknown, value: unknown): Difference {
  if (value === undefined) return { changed: undefined, removed: old === undefined ? undefined : wholeSet(schema, old) }
  if (old === undefined) return { changed: wholeSet(schema, value), removed: undefined }
  // Most of an update is what it was: only what differs is taken apart.
  if (jsonEqual(old, value)) return SAME
  if (isHollow(old) && isHollow(value)) return { changed: LEAF, removed: undefined }
  const left = old ?? emptyOf(schema)
  const right = value ?? emptyOf(schema)
  if (isJsonObject(left) && isJsonObject(right) && isDivisible(schema)) return compareFields(schema, left, right)
  const [before, after] = [partsOf(schema, left), partsOf(schema, right)]
  if (before === undefined || after === undefined) return { changed: LEAF, removed: undefined }
  const sum = new DifferenceSum()
  for (const [step, part] of before) sum.add(step, compare(part.schema, part.value, after.get(step)?.value))
  for (const [step, part] of after) if (!before.has(step)) sum.add(step, compare(part.schema, undefined, part.value))
  return sum
}

/** Null and empty are told apart, as wholes. */
function isHollow(value: unknown): boolean {
  if (typeof value !== 'object') return false
  return value === null || (Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0)
}

const SAME: Difference = { changed: undefined, removed: undefined }

function compareFields(schema: Schema, left: JsonObject, right: JsonObject): Difference {
  const sum = new DifferenceSum()
  for (const key of Object.keys(left)) {
    if (left[key] === undefined || left[key] === right[key]) continue
    sum.add(`f:${key}`, compare(schemaOfField(schema, key), left[key], own(right, key)))
  }
  for (const key of Object.keys(right)) {
    if (right[key] === undefined || own(left, key) !== undefined) continue
    sum.add(`f:${key}`, compare(schemaOfField(schema, key), undefined, right[key]))
  }
  return sum
}

const own = (object: JsonObject, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined)

class DifferenceSum implements Difference {
  changed: Record<string, FieldSet> | undefined
  removed: Record<string, FieldSet> | undefined

  add(step: string, { changed, removed }: Difference): void {
    if (changed !== undefined) (this.changed ??= {})[step] = changed
    if (removed !== undefined) (this.removed ??= {})[step] = removed
  }
}

/** A list or map that is null has nothing within it, and is there. */
function emptyOf(schema: Schema): unknown {
  return schema.kind === 'list' ? [] : schema.kind === 'scalar' ? null : {}
}

/** A value with all within it, each collection counted as well as its parts. Written out, as every create takes it. */
function wholeSet(schema: Schema, value: unknown): FieldSet {
  const set: Record<string, FieldSet> = {}
  let isEmpty = true
  const add = (step: string, part: Schema, inner: unknown) => {
    if (isEmpty) set['.'] = LEAF
    isEmpty = false
    set[step] = Object.hasOwn(set, step) ? LEAF : wholeSet(part, inner)
  }
  if (Array.isArray(value)) {
    if (schema.kind !== 'list' || schema.list === 'atomic') return LEAF
    for (const item of value) add(stepOf(schema, item), schema.items, item)
  } else if (isJsonObject(value) && isDivisible(schema)) {
    for (const key of Object.keys(value)) {
      if (value[key] !== undefined) add(`f:${key}`, schemaOfField(schema, key), value[key])
    }
  }
  return isEmpty ? LEAF : set
}

/** Whether the fields of an object of the schema have owners of their own. */
export function isDivisible(schema: Schema): boolean {
  return (schema.kind === 'any' || schema.kind === 'object' || schema.kind === 'map') && schema.atomic !== true
}

/** What an applied configuration owns: its leaves, and the items that it names. */
export function appliedSet(schema: Schema, value: unknown, isItem = false): FieldSet {
  const parts = partsOf(schema, value)
  if (parts === undefined || parts.size === 0) return {}
  const inItems = schema.kind === 'list'
  const children = [...parts].map(([step, part]) => [step, appliedSet(part.schema, part.value, inItems)] as const)
  return makeSet(isItem, children) ?? {}
}

/** `live` with what `applied` says: objects and keyed lists merge, all else is replaced. */
export function mergeTyped(schema: Schema, live: unknown, applied: unknown): unknown {
  // What has parts is not taken away by null, only by no longer being applied.
  if (applied === null && live !== undefined && partsOf(schema, live) !== undefined) return live
  const [before, after] = [partsOf(schema, live), partsOf(schema, applied)]
  if (before === undefined || after === undefined) return applied
  const merged = new Map([...before].map(([step, part]) => [step, part.value] as const))
  for (const [step, part] of after) merged.set(step, mergeTyped(part.schema, before.get(step)?.value, part.value))
  return assemble(schema, merged)
}

/** `value` without the fields of `gone`; of what goes as a whole, the parts in `owned` stay. */
export function removeFields(schema: Schema, value: unknown, gone: FieldSet, owned: FieldSet | undefined): unknown {
  const parts = partsOf(schema, value)
  if (parts === undefined) return value
  const kept = new Map<string, unknown>()
  for (const [step, part] of parts) {
    const [inner, own] = [stepInto(gone, step), stepInto(owned, step)]
    if (inner === undefined) kept.set(step, part.value)
    else if (!hasSelf(inner)) kept.set(step, removeFields(part.schema, part.value, inner, own))
    else if (own !== undefined) kept.set(step, onlyOwned(part.schema, part.value, own))
  }
  return assemble(schema, kept)
}

const stepInto = (set: FieldSet | undefined, step: string): FieldSet | undefined =>
  set !== undefined && Object.hasOwn(set, step) ? set[step] : undefined

function onlyOwned(schema: Schema, value: unknown, owned: FieldSet): unknown {
  const parts = partsOf(schema, value)
  if (parts === undefined) return value
  const kept = new Map<string, unknown>()
  for (const [step, part] of parts) {
    const own = stepInto(owned, step)
    if (own !== undefined) kept.set(step, onlyOwned(part.schema, part.value, own))
  }
  return assemble(schema, kept)
}

function assemble(schema: Schema, parts: ReadonlyMap<string, unknown>): unknown {
  if (schema.kind === 'list') {
    return [...parts.values()].flatMap((part) => (part instanceof Repeated ? part.items : [part]))
  }
  return Object.fromEntries([...parts].map(([step, value]) => [step.slice(2), value]))
}

/** Everything that a difference touches. */
export function touched({ changed, removed }: Difference): FieldSet | undefined {
  return unite(changed, removed)
}
