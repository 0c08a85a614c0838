import type { Draft } from '../../api/draft.ts'
import { invalidError } from '../../api/meta/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import { trackUpdate } from '../../api/patch/managed-fields.ts'
import { isKeptLate, keepMetadata } from '../../api/strategy/status-metadata.ts'
import { prepareForUpdate } from '../../api/strategy/prepare.ts'
import type { UpdateOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import { deepFreeze } from '../../store/freeze.ts'
import type { Entry, Mutation } from '../../store/store.ts'
import type { AdmissionRequest } from '../admission/admission.ts'
import { admissionRequest } from './admission-request.ts'
import { convertsByWebhook, fetchServed, servedForm, settleEmpties, storedByWebhook, toServed } from './conversion.ts'
import type { Engine } from './engine.ts'
import { commit, commitBeside } from './engine.ts'
import { jsonEqual } from './equal.ts'
import { malformedVersion, modified, otherUid } from './failure.ts'
import { refuseOvertaken } from './overtaken.ts'
import { dropRepeatedOwners } from './repeated-owners.ts'
import { validationOfUpdate, warningsFor } from './kind-rules.ts'
import type { Answer, ObjectTarget, RequestContext } from './request.ts'
import { writerOf } from './writer.ts'

/** How a replacement is to be written. */
export interface ReplaceOptions extends UpdateOptions {
  /** The managed fields are in the object already, as server-side apply leaves them. */
  readonly keepManagedFields?: boolean
  /** What admission is shown in place of the object: of a Scale only that. The server's own plugins look at none. */
  readonly shown?: (object: KubeObject) => AdmissionRequest
  /** The version in the object is the live one's, put there by the server: being overtaken is no conflict. */
  readonly retried?: boolean
}

/**
 * Replaces `entry`, which is the head's, by `object`, which is fresh and in its stored version. All of it happens in one
 * turn until the commit, so nothing can come between the check of the version and the write.
 */
export async function replaceObject(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  entry: Entry,
  object: Draft<KubeObject>,
  options: ReplaceOptions,
): Promise<Answer> {
  const { resource, subresource } = target
  const named = Boolean(object.metadata.resourceVersion) && options.retried !== true
  const fetching = fetchServed(engine, resource, [entry.object])
  if (fetching !== undefined) {
    await fetching
    refuseOvertaken(engine, target, entry, object, named)
  }
  const old = convertsByWebhook(resource) ? toServed(resource, entry.object) : entry.object
  checkVersion(target, object, old, options)
  const request = admissionRequest(engine, context, target, { operation: 'UPDATE', object, old }, options)
  const isLate = isKeptLate(resource.storage)
  if (subresource === 'status' && !isLate) keepMetadata(resource.storage, object, old)
  // Fields belong to who sent them (and defaults with them): what admission and the kind's rules add has no manager.
  if (options.keepManagedFields !== true) {
    trackUpdate(resource.schema(), object, old, writerOf(engine, context, resource, options, subresource))
  }
  if (subresource === 'status' && isLate) keepMetadata(resource.storage, object, old)
  const { shown } = options
  if (shown === undefined) {
    const mutating = mutate(engine, request)
    if (mutating !== undefined) {
      await mutating
      refuseOvertaken(engine, target, entry, object, named)
    }
  }
  dropRepeatedOwners(context, object, 'after mutation')
  prepareForUpdate(resource.storageType, object, old, subresource, formatTime(engine.environment.clock.now()))
  const errors = validationOfUpdate(resource, object as KubeObject, old, subresource, engine.surroundings)
  if (errors.length > 0) throw invalidError(resource.storageType, target.name, errors)
  for (const text of warningsFor(resource, object as KubeObject, old, subresource)) context.warn(text)
  const beside: Mutation[] = []
  const check = () => {
    beside.length = 0
    if (shown === undefined) engine.admission.validate({ ...request, beside, head: engine.store.head() })
  }
  check()
  const validating = engine.dynamic.validate(shown?.(object as KubeObject) ?? request)
  if (validating !== undefined) {
    await validating
    refuseOvertaken(engine, target, entry, object, named)
    check()
  }
  settleEmpties(resource, object)
  if (same(object, old)) return { object: toServed(resource, old), code: 200 }
  const converting = storedByWebhook(engine, resource, object as KubeObject)
  if (converting === undefined) return write(engine, target, entry, object as KubeObject, options, beside)
  const stored = await converting
  refuseOvertaken(engine, target, entry, object, named)
  check()
  return write(engine, target, entry, stored, options, beside)
}

/** By the server's own plugins, then by webhooks: these make it a promise. */
function mutate(engine: Engine, request: AdmissionRequest): Promise<void> | undefined {
  engine.admission.mutate(request)
  return engine.dynamic.mutate(request, () => engine.admission.mutate({ ...request, head: engine.store.head() }))
}

async function write(
  engine: Engine,
  target: ObjectTarget,
  entry: Entry,
  object: KubeObject,
  options: ReplaceOptions,
  beside: readonly Mutation[],
): Promise<Answer> {
  const { resource } = target
  // A subresource asks for no addresses: the rest of the object is what it was, shared with it.
  const reservation =
    target.subresource === undefined
      ? engine.allocations.reserve(resource, object as Draft<KubeObject>, entry.object)
      : undefined
  if (options.dryRun) {
    reservation?.undo()
    return { object: deepFreeze(await servedForm(engine, resource, object)), code: 200 }
  }
  const type = isDeletionComplete(object, entry.object) ? 'delete' : 'update'
  const mutation: Mutation = { type, resource: entry.resource, key: entry.key, object }
  try {
    commitBeside(engine, beside)
    const change = (await commit(engine, [mutation])).changes[0]
    if (change === undefined) throw new Error(`The commit of ${entry.key} has no change`)
    reservation?.done()
    if (type === 'delete') engine.allocations.release(resource, change.entry.object)
    await engine.afterWrite.get(entry.resource)?.(change)
    return { object: await servedForm(engine, resource, change.entry.object), code: 200 }
  } catch (error) {
    reservation?.undo()
    throw error
  }
}

/** The object was only waiting for its last finalizer: this write takes that away, so it goes. */
function isDeletionComplete(object: KubeObject, old: KubeObject): boolean {
  if (old.metadata.deletionTimestamp === undefined) return false
  const finalizers = (object as KubeObject & { spec?: { finalizers?: readonly string[] } }).spec?.finalizers
  if (object.kind === 'Namespace' && finalizers !== undefined && finalizers.length > 0) return false
  return (object.metadata.finalizers ?? []).length === 0 && (old.metadata.deletionGracePeriodSeconds ?? 0) === 0
}

/** The caller's `resourceVersion` and `uid` must be the current ones, where it names them; a patched uid is invalid. */
function checkVersion(
  target: ObjectTarget,
  object: Draft<KubeObject>,
  old: KubeObject,
  { retried: isPatch = false, dryRun: isDryRun = false }: ReplaceOptions,
): void {
  const { resource, name } = target
  const { resourceVersion, uid } = object.metadata
  if (uid && uid !== old.metadata.uid && !isPatch) {
    throw otherUid(target, uid, old.metadata.uid ?? '', isDryRun)
  }
  if (resourceVersion && resourceVersion !== '0') {
    if (!/^\d+$/.test(resourceVersion)) throw malformedVersion(resourceVersion)
    if (resourceVersion !== old.metadata.resourceVersion) throw modified(resource.type, name)
  } else if (!resource.strategy.updatesUnconditionally) {
    const field = 'metadata.resourceVersion'
    const message = 'Invalid value: 0: must be specified for an update'
    // Told of the resource, as its store knows it, rather than of the kind.
    const { group, plural } = resource.type
    throw invalidError({ group, kind: plural }, name, [{ reason: 'FieldValueInvalid', field, message }])
  }
  if (old.metadata.resourceVersion !== undefined) object.metadata.resourceVersion = old.metadata.resourceVersion
}

/** Whether nothing but the times of managed fields would change: such a write keeps its revision. */
function same(object: Draft<KubeObject>, old: KubeObject): boolean {
  return jsonEqual(withoutTimes(object as KubeObject), withoutTimes(old))
}

function withoutTimes(object: KubeObject): unknown {
  const entries = object.metadata.managedFields?.map(({ time: _, ...entry }) => entry)
  return { ...object, metadata: { ...object.metadata, managedFields: entries } }
}
