import type { Draft } from '../draft.ts'
import { ApiError, apiError } from '../meta/status.ts'
import type { KubeObject } from '../object.ts'
import type { ObjectSchema, Schema } from '../schema/schema.ts'
import { intersect, pathsOf, subtract, unite } from './field-set.ts'
import type { FieldSet } from './field-set.ts'
import { ownable, readManaged, withFields, writeManaged } from './managed-fields.ts'
import type { Managed } from './managed-fields.ts'
import { appliedSet, compare, mergeTyped, removeFields } from './typed.ts'
import { joinProblems, typedProblems } from './typed-check.ts'
import { jsonEqual } from '../meta/equal.ts'
import { KUBECTL, lastAppliedSet, renewLastApplied } from './last-applied.ts'

/** Who applies, and how. */
export interface ApplyOptions {
  readonly manager: string
  readonly force: boolean
  readonly subresource?: string
  /** Whether the kind's status is written by a subresource alone. */
  readonly hasStatus: boolean
  /** The version that others' fields are told to be of, where what is applied is a view of the object, such as its Scale. */
  readonly shownVersion?: string
  /** RFC 3339, for the managed fields' entries. */
  readonly time: string
}

/**
 * Server-side apply: merges `applied` (as it came, not defaulted) into `live` (or an empty object), removes what the
 * manager applied before and no longer does. The result, still to be defaulted, is fresh and has the new
 * `metadata.managedFields`. Throws Conflict (409) with a cause for each field that others manage, unless forced.
 */
export function applyConfiguration(
  schema: ObjectSchema,
  live: KubeObject | undefined,
  applied: KubeObject,
  options: ApplyOptions,
): Draft<KubeObject> {
  if (applied.metadata?.managedFields !== undefined) throw apiError('BadRequest', 'metadata.managedFields must be nil')
  checkTyped(schema, applied)
  const base = live ?? { apiVersion: applied.apiVersion, kind: applied.kind, metadata: {} }
  const before = live === undefined ? [] : managedOf(schema, live, options)
  const isOwn = (one: Managed) =>
    one.manager === options.manager && one.operation === 'Apply' && one.subresource === options.subresource
  const others = before.filter((one) => !isOwn(one))
  const own = before.find(isOwn)
  const fields = ownable(appliedSet(schema, applied), options)
  const pruned = prune(schema, mergeTyped(schema, base, applied), own?.fields, fields, others)
  const difference = compare(schema, base, pruned)
  const disputed = disputes(others, ownable(difference.changed, options))
  if (!options.force) refuseConflicts(schema, base, disputed, options)
  const result = structuredClone(pruned) as Draft<KubeObject>
  const isSame = live !== undefined && jsonEqual(live, pruned)
  const removed = ownable(difference.removed, options)
  const lost = (one: Managed) => disputed.find(({ by }) => by === one)?.fields
  const kept = others.map((one) => withFields(one, subtract(subtract(one.fields, lost(one)), removed)))
  const mine = fields && entryOf(options, applied.apiVersion, fields, isSame ? own?.time : options.time)
  writeManaged(
    result,
    [...kept, mine].filter((one) => one !== undefined),
  )
  if (options.manager === KUBECTL) renewLastApplied(result, applied)
  return result
}

/** The live object's managers. What has none belongs to somebody who came before the first who applied. */
function managedOf(schema: ObjectSchema, live: KubeObject, options: ApplyOptions): readonly Managed[] {
  const before = readManaged(live.metadata.managedFields)
  if (before.length > 0) return before
  const fields = ownable(compare(schema, undefined, live).changed, options)
  const { time, subresource } = options
  const entry = { manager: 'before-first-apply', operation: 'Update', apiVersion: live.apiVersion, time } as const
  return fields === undefined ? [] : [{ ...entry, ...(subresource !== undefined && { subresource }), fields }]
}

/** Where nothing but ownership changes, the entry's time stays what it was. */
function entryOf(options: ApplyOptions, apiVersion: string, fields: FieldSet, time: string | undefined): Managed {
  const { manager, subresource } = options
  const where = subresource === undefined ? {} : { subresource }
  return { manager, operation: 'Apply', apiVersion, ...where, ...(time !== undefined && { time }), fields }
}

/** What `kubectl apply` set on its own, before it applied at the server, is no conflict of it with itself. */
function refuseConflicts(
  schema: ObjectSchema,
  live: KubeObject,
  disputed: readonly Dispute[],
  { manager, shownVersion }: ApplyOptions,
): void {
  const own = manager === KUBECTL ? lastAppliedSet(schema, live) : undefined
  const left = disputed.flatMap(({ by, fields }) => {
    const disputedStill = subtract(fields, own)
    const shown = shownVersion === undefined ? by : { ...by, apiVersion: shownVersion }
    return disputedStill === undefined ? [] : [{ by: shown, fields: disputedStill }]
  })
  if (left.length > 0) throw conflict(left)
}

/** Removes what the manager owned alone and no longer applies. */
function prune(
  schema: Schema,
  merged: unknown,
  before: FieldSet | undefined,
  now: FieldSet | undefined,
  others: readonly Managed[],
): unknown {
  const owned = others.reduce<FieldSet | undefined>((sum, one) => unite(sum, one.fields), now)
  const gone = subtract(before, owned)
  return gone === undefined ? merged : removeFields(schema, merged, gone, owned)
}

interface Dispute {
  readonly by: Managed
  readonly fields: FieldSet
}

function disputes(others: readonly Managed[], changed: FieldSet | undefined): readonly Dispute[] {
  return others.flatMap((by) => {
    const fields = intersect(by.fields, changed)
    return fields === undefined ? [] : [{ by, fields }]
  })
}

function conflict(disputed: readonly Dispute[]): ApiError {
  const sorted = disputed.toSorted((a, b) => (a.by.manager < b.by.manager ? -1 : 1))
  const causes = sorted.flatMap(({ by, fields }) =>
    pathsOf(fields).map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${nameOf(by)}`, field })),
  )
  const noun = causes.length === 1 ? 'conflict' : 'conflicts'
  const lines = sorted.map(({ by, fields }) => {
    const paths = pathsOf(fields)
    const list = causes.length === 1 ? ` ${paths[0]}` : paths.map((path) => `\n- ${path}`).join('')
    return `${noun} with ${nameOf(by)}:${list}`
  })
  return apiError('Conflict', `Apply failed with ${causes.length} ${noun}: ${lines.join('\n')}`, { causes })
}

function nameOf({ manager, subresource, operation, apiVersion }: Managed): string {
  const where = subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`
  const how = operation === 'Apply' ? '' : ` using ${apiVersion}`
  return JSON.stringify(manager) + where + how
}

/** Kubernetes answers what the schema does not know with 500, and so do we: clients match on the message. */
function checkTyped(schema: ObjectSchema, applied: KubeObject): void {
  const problems = typedProblems(schema, applied)
  if (problems.length === 0) return
  const { metadata, apiVersion, kind } = applied
  const group = apiVersion.includes('/') ? '' : '/'
  const what = `(${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${group}${apiVersion}, Kind=${kind})`
  const message = `failed to create typed patch object ${what}: ${joinProblems(problems)}`
  throw new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}
