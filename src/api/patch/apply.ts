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

/** Who applies, and how. */
export interface ApplyOptions {
  readonly manager: string
  readonly force: boolean
  readonly subresource?: string
  /** Whether the kind's status is written by a subresource alone. */
  readonly hasStatus: boolean
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
  const before = readManaged(base.metadata.managedFields)
  const isOwn = (one: Managed) =>
    one.manager === options.manager && one.operation === 'Apply' && one.subresource === options.subresource
  const others = before.filter((one) => !isOwn(one))
  const fields = ownable(appliedSet(schema, applied), options)
  const merged = mergeTyped(schema, base, applied)
  const changed = ownable(compare(schema, base, merged).changed, options)
  const disputed = disputes(others, changed)
  if (disputed.length > 0 && !options.force) throw conflict(disputed)
  const own = before.find(isOwn)
  const result = structuredClone(prune(schema, merged, own?.fields, fields, others)) as Draft<KubeObject>
  const kept = others.map((one) => withFields(one, subtract(one.fields, disputed.find((d) => d.by === one)?.fields)))
  const mine = fields && entryOf(options, applied.apiVersion, fields, own)
  writeManaged(
    result,
    [...kept, mine].filter((one) => one !== undefined),
  )
  return result
}

function entryOf(options: ApplyOptions, apiVersion: string, fields: FieldSet, own: Managed | undefined): Managed {
  const unchanged = own !== undefined && jsonEqual(own.fields, fields)
  return {
    manager: options.manager,
    operation: 'Apply',
    apiVersion,
    ...(options.subresource === undefined ? {} : { subresource: options.subresource }),
    time: (unchanged ? own.time : undefined) ?? options.time,
    fields,
  }
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
  return gone === undefined ? merged : removeFields(schema, merged, gone)
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
  const causes = disputed.flatMap(({ by, fields }) =>
    pathsOf(fields).map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${nameOf(by)}`, field })),
  )
  const noun = causes.length === 1 ? 'conflict' : 'conflicts'
  const lines = disputed.map(({ by, fields }) => {
    const paths = pathsOf(fields)
    const list = causes.length === 1 ? ` ${paths[0]}` : paths.map((path) => `\n- ${path}`).join('')
    return `${noun} with ${nameOf(by)}:${list}`
  })
  return apiError('Conflict', `Apply failed with ${causes.length} ${noun}: ${lines.join('\n')}`, { causes })
}

function nameOf({ manager, subresource, operation, apiVersion, time }: Managed): string {
  const where = subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`
  const how = operation === 'Apply' ? '' : ` using ${apiVersion}${time === undefined ? '' : ` at ${time}`}`
  return JSON.stringify(manager) + where + how
}

/** Kubernetes answers what the schema does not know with 500, and so do we: clients match on the message. */
function checkTyped(schema: ObjectSchema, applied: KubeObject): void {
  const problems = typedProblems(schema, applied)
  if (problems.length === 0) return
  const { metadata, apiVersion, kind } = applied
  const what = `(${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${apiVersion}, Kind=${kind})`
  const message = `failed to create typed patch object ${what}: ${joinProblems(problems)}`
  throw new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}
