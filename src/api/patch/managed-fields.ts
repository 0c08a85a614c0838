import type { Draft, JsonObject } from '../draft.ts'
import type { ManagedFieldsEntry } from '../generated/meta-v1.ts'
import { jsonEqual } from '../meta/equal.ts'
import { deepFreeze } from '../meta/freeze.ts'
import type { KubeObject } from '../object.ts'
import { writeZeros } from '../schema/decode.ts'
import { servedEmpties } from '../schema/empty-values.ts'
import type { ObjectSchema } from '../schema/schema.ts'
import { hasShape, shapeOf } from './field-shape.ts'
import type { FieldShape } from './field-shape.ts'
import { childrenOf, makeSet, subtract, unite } from './field-set.ts'
import type { FieldSet } from './field-set.ts'
import { compare, UnkeyedItemError } from './typed.ts'

/** Who writes: the request's field manager. */
export interface Writer {
  readonly manager: string
  readonly subresource?: string
  /** Whether the kind's status is written by a subresource alone. */
  readonly hasStatus: boolean
  /** Parts of the object that the server sets whatever was sent, such as `f:spec`: nobody owns them. */
  readonly resets?: readonly string[]
  /** RFC 3339, whole seconds. */
  readonly time: string
}

/** One manager's fields, apart from how they are written down. */
export interface Managed {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource?: string
  readonly time?: string
  readonly fields: FieldSet
}

/**
 * Sets `object.metadata.managedFields`, in place, for a write by create, update or patch: what differs from `old` (all,
 * where there is none) now belongs to the writer, and to nobody who merely had updated it.
 */
export function trackUpdate(
  schema: ObjectSchema,
  object: Draft<KubeObject>,
  old: KubeObject | undefined,
  writer: Writer,
): void {
  try {
    track(schema, object, servedEmpties(schema, object), old, writer)
  } catch (error) {
    if (!(error instanceof UnkeyedItemError)) throw error
    // Kubernetes forgets all managers of what it cannot take apart.
    delete object.metadata.managedFields
  }
}

/** `seen` is the object as its fields are looked for. */
function track(
  schema: ObjectSchema,
  object: Draft<KubeObject>,
  seen: Draft<KubeObject>,
  old: KubeObject | undefined,
  writer: Writer,
): void {
  if (old === undefined && object.metadata.managedFields === undefined) {
    const mine = entryOf(undefined, fieldsOfNew(schema, seen, writer), undefined, writer, object.apiVersion)
    return writeManaged(object, mine === undefined ? [] : [mine])
  }
  const difference = compare(schema, old ?? emptyObject(schema), seen)
  const changed = ownable(difference.changed, writer)
  const removed = ownable(difference.removed, writer)
  const before = managedBefore(object, old, writer.subresource)
  // What nobody manages goes on unmanaged until somebody applies it.
  const isUntracked = old !== undefined && before.length === 0
  if (isUntracked || (old !== undefined && changed === undefined && removed === undefined)) {
    writeManaged(object, before)
    return
  }
  const isWriter = (one: Managed) => isUpdateBy(one, writer, object.apiVersion)
  const others = before
    .filter((one) => !isWriter(one))
    .map((one) => withFields(one, subtract(subtract(one.fields, changed), removed)))
  const mine = entryOf(before.find(isWriter), changed, removed, writer, object.apiVersion)
  writeManaged(object, capped([...others, mine].filter((one) => one !== undefined)))
}

/** The fields that a writer has of all new objects of one shape. */
interface NewFields {
  readonly shape: FieldShape
  readonly writer: Writer
  readonly fields: FieldSet | undefined
}

const newFields = new WeakMap<ObjectSchema, NewFields[]>()
/** Shapes of a kind that are remembered, those met last. */
const SHAPES_LIMIT = 8

/** What belongs to the writer of a new object; found once for all that are made from one template. */
function fieldsOfNew(schema: ObjectSchema, object: Draft<KubeObject>, writer: Writer): FieldSet | undefined {
  let remembered = newFields.get(schema)
  if (remembered === undefined) newFields.set(schema, (remembered = []))
  for (let i = 0; i < remembered.length; i++) {
    const one = remembered[i]!
    if (!ownsAlike(one.writer, writer) || !hasShape(one.shape, schema, object)) continue
    if (i > 0) remembered.unshift(...remembered.splice(i, 1))
    return one.fields
  }
  const base = emptyObject(schema)
  const set = ownable(compare(schema, base, object).changed, writer)
  const fields = set && interned(set)
  remembered.unshift({ shape: shapeOf(schema, object, base), writer, fields })
  if (remembered.length > SHAPES_LIMIT) remembered.pop()
  return fields
}

/** Whether two writers of the same object have the same fields of it. */
function ownsAlike(a: Writer, b: Writer): boolean {
  if (a.subresource !== b.subresource || a.hasStatus !== b.hasStatus) return false
  return a.resets === b.resets || jsonEqual(a.resets ?? [], b.resets ?? [])
}

/** So many managers that have updated an object are told apart; the oldest share an entry for each version. */
const MOST_UPDATERS = 10
const OLD_CHANGES = 'ancient-changes'

function capped(managed: readonly Managed[]): readonly Managed[] {
  const updaters = managed.filter(({ operation }) => operation === 'Update')
  if (updaters.length <= MOST_UPDATERS) return managed
  const rank = ({ time = '', manager }: Managed) => `${time} ${manager}`
  const kept = new Set(managed)
  const buckets = new Map<string, Managed>()
  for (const one of updaters.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))) {
    if (kept.size - (managed.length - updaters.length) + buckets.size <= MOST_UPDATERS) break
    kept.delete(one)
    const bucket = buckets.get(one.apiVersion)
    const fields = unite(bucket?.fields, one.fields) ?? one.fields
    const { apiVersion, time } = one
    const entry = { manager: OLD_CHANGES, operation: 'Update', apiVersion, fields } as const
    buckets.set(apiVersion, { ...entry, ...(time !== undefined && { time }) })
  }
  return [...kept, ...buckets.values()]
}

function isUpdateBy(one: Managed, { manager, subresource }: Writer, apiVersion: string): boolean {
  if (one.manager !== manager || one.operation !== 'Update') return false
  return one.subresource === subresource && one.apiVersion === apiVersion
}

/** The writer's entry; its time tells when it last changed anything. */
function entryOf(
  own: Managed | undefined,
  changed: FieldSet | undefined,
  removed: FieldSet | undefined,
  writer: Writer,
  apiVersion: string,
): Managed | undefined {
  const fields = unite(subtract(own?.fields, removed), changed)
  if (fields === undefined) return undefined
  const { manager, subresource, time } = writer
  return { manager, operation: 'Update', apiVersion, ...(subresource !== undefined && { subresource }), time, fields }
}

/**
 * The entries that an update starts from: those that it brings, so that clients may edit them; the old object's where it
 * brings none, so that clients which know nothing of them lose none. A single empty entry asks for all to be forgotten.
 */
function managedBefore(
  object: Draft<KubeObject>,
  old: KubeObject | undefined,
  subresource: string | undefined,
): readonly Managed[] {
  const given = object.metadata.managedFields as readonly ManagedFieldsEntry[] | undefined
  if (given === undefined || given === null || subresource !== undefined)
    return readManaged(old?.metadata.managedFields)
  const isReset = given.length === 0 || (given.length === 1 && Object.keys(given[0] ?? {}).length === 0)
  if (isReset) return []
  return readManaged(given.every(isValid) ? given : old?.metadata.managedFields)
}

const isValid = ({ operation, fieldsType, apiVersion }: ManagedFieldsEntry): boolean =>
  (operation === 'Apply' || operation === 'Update') && fieldsType === 'FieldsV1' && Boolean(apiVersion)

/** An object of which nothing is set, as the wire shows it: what a new object is compared with. */
function emptyObject(schema: ObjectSchema): JsonObject {
  let empty = emptyObjects.get(schema)
  if (empty === undefined) {
    empty = {}
    writeZeros(schema, empty)
    emptyObjects.set(schema, deepFreeze(empty))
  }
  return empty
}

const emptyObjects = new WeakMap<ObjectSchema, JsonObject>()

/** Metadata that nobody owns: it names the object, or is the server's. */
const NOT_OWNED: ReadonlySet<string> = new Set([
  'f:name',
  'f:namespace',
  'f:creationTimestamp',
  'f:deletionTimestamp',
  'f:deletionGracePeriodSeconds',
  'f:selfLink',
  'f:uid',
  'f:generation',
  'f:managedFields',
  'f:resourceVersion',
])

/** Without what nobody owns, and without what the request cannot have written. */
export function ownable(
  set: FieldSet | undefined,
  { subresource, hasStatus, resets = [] }: Pick<Writer, 'subresource' | 'hasStatus' | 'resets'>,
): FieldSet | undefined {
  if (set === undefined) return undefined
  const notWritten = subresource === 'status' ? 'f:spec' : hasStatus ? 'f:status' : undefined
  const children: (readonly [string, FieldSet])[] = []
  for (const [step, child] of childrenOf(set)) {
    if (step === 'f:apiVersion' || step === 'f:kind' || step === notWritten || resets.includes(step)) continue
    const kept = step === 'f:metadata' ? ownableMetadata(child) : child
    if (kept !== undefined) children.push([step, kept])
  }
  return makeSet(false, children)
}

function ownableMetadata(set: FieldSet): FieldSet | undefined {
  const children = childrenOf(set).filter(([step]) => !NOT_OWNED.has(step))
  return children.length === 0 ? undefined : makeSet('.' in set, children)
}

export function withFields(one: Managed, fields: FieldSet | undefined): Managed | undefined {
  return fields === undefined ? undefined : fields === one.fields ? one : { ...one, fields }
}

export function readManaged(entries: readonly ManagedFieldsEntry[] | undefined): readonly Managed[] {
  return (entries ?? []).map((entry) => ({
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion ?? '',
    ...(entry.subresource === undefined ? {} : { subresource: entry.subresource }),
    ...(entry.time === undefined ? {} : { time: entry.time }),
    fields: (entry.fieldsV1 ?? {}) as FieldSet,
  }))
}

/** Writes the entries in Kubernetes' order: appliers first, then by time, then by name. */
export function writeManaged(object: Draft<KubeObject>, managed: readonly Managed[]): void {
  const rank = (one: Managed) =>
    `${one.operation} ${one.time ?? ''} ${one.manager} ${one.apiVersion} ${one.subresource ?? ''}`
  const sorted = managed.length > 1 ? managed.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)) : managed
  // What is written anew is not taken away first: an object that has lost a field is a slow one.
  if (sorted.length === 0) return void delete object.metadata.managedFields
  object.metadata.managedFields = sorted.map(({ fields, ...entry }) => ({
    ...entry,
    fieldsType: 'FieldsV1',
    fieldsV1: interned(fields) as Record<string, unknown>,
  }))
}

const known = new Map<string, FieldSet>()
const KNOWN_LIMIT = 2048

/**
 * One frozen set for all that are the same: objects made from one template have the same fields by the thousand. The last
 * few thousand are remembered.
 */
function interned(fields: FieldSet): FieldSet {
  if (Object.isFrozen(fields)) return fields
  const text = JSON.stringify(fields)
  let one = known.get(text)
  if (one === undefined) {
    if (known.size >= KNOWN_LIMIT) known.clear()
    known.set(text, (one = deepFreeze(fields)))
  }
  return one
}
