import type { Draft, JsonObject } from '../../api/draft.ts'
import { apiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import { applyConfiguration } from '../../api/patch/apply.ts'
import { carryEmpties } from '../../api/schema/empty-values.ts'
import type { Patch, PatchOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import type { Entry } from '../../store/store.ts'
import { patchScale } from '../subresources/scale.ts'
import { authorize } from './authorization.ts'
import { fetchServed, toServed, toStored } from './conversion.ts'
import { createObject } from './create.ts'
import { checkAppliedKind, checkNames, decodeBody, placeInNamespace } from './decode-body.ts'
import type { Engine } from './engine.ts'
import { conflict, notFound } from './failure.ts'
import { storageKey } from './get.ts'
import { decodePatched } from './decode-patched.ts'
import { partsToKeep, withoutParts, withParts } from './kept-parts.ts'
import { defaultsFor } from './kind-rules.ts'
import { Overtaken, untilNotOvertaken } from './overtaken.ts'
import { patched } from './patched.ts'
import { replaceObject } from './replace.ts'
import type { Answer, ObjectTarget, RequestContext } from './request.ts'
import { applyManager, trackServed } from './writer.ts'

/** PATCH. It is applied to the head's object in the turn that writes it, so it never has to be tried again. */
export async function patch(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  change: Patch,
  options: PatchOptions = {},
): Promise<Answer> {
  authorize(engine, context, 'patch', target)
  context.signal?.throwIfAborted()
  const { resource, subresource } = target
  const loading = engine.prepare(resource)
  if (loading !== undefined) await loading
  if (subresource === 'scale') return patchScale(engine, context, target, change, options)
  refuseStrategicOfCustom(target, change)
  return untilNotOvertaken(target, () => patchObject(engine, context, target, change, options))
}

async function patchObject(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  change: Patch,
  options: PatchOptions,
): Promise<Answer> {
  const { resource } = target
  const entry = engine.store.head().get(resource.storage, storageKey(target))
  const fetching = entry === undefined ? undefined : fetchServed(engine, resource, [entry.object])
  if (fetching !== undefined) {
    await fetching
    if (engine.store.head().get(resource.storage, storageKey(target)) !== entry) throw new Overtaken()
  }
  if (change.type === 'apply') return applyObject(engine, context, target, entry, change.patch, options)
  if (entry === undefined) throw notFound(resource.type, target.name)
  const live = toServed(resource, entry.object)
  const object = readPatched(context, target, change, live, options)
  const stored = toStored(resource, object as KubeObject) as Draft<KubeObject>
  const keepManagedFields = trackServed(engine, context, target, stored, entry, options)
  return replaceObject(engine, context, target, entry, stored, { ...options, keepManagedFields, retried: true })
}

/** What the patch makes of the live object, fresh and defaulted; parts that it leaves alone may be shared with it. */
function readPatched(
  context: RequestContext,
  target: ObjectTarget,
  change: Patch,
  live: KubeObject,
  options: PatchOptions,
): Draft<KubeObject> {
  const { resource, subresource } = target
  const value = patched(change, live, resource.schema())
  const kept = change.type === 'json' ? undefined : partsToKeep(value, live, { storage: resource.storage, subresource })
  const read = kept === undefined ? value : withoutParts(value as JsonObject, kept)
  const object = decodePatched(context, resource, { change, value: read }, options.fieldValidation)
  checkPlace(target, object)
  delete object.metadata.selfLink
  defaultsFor(resource, object)
  return kept === undefined ? object : carryEmpties(object, withParts(value as JsonObject, kept, object))
}

/** What a patch gives has the namespace and the name of its path. */
function checkPlace(target: ObjectTarget, object: Draft<KubeObject>): void {
  placeInNamespace(target, object)
  checkNames(target, object)
}

/** Server-side apply: creates what does not exist yet. */
async function applyObject(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  entry: Entry | undefined,
  value: unknown,
  options: PatchOptions,
): Promise<Answer> {
  const { resource, subresource } = target
  const manager = applyManager(options)
  const applied = appliedObject(target, value)
  const live = entry === undefined ? undefined : toServed(resource, entry.object)
  if (live === undefined && applied.metadata.uid) {
    const why = `uid mismatch: the provided object specified uid ${applied.metadata.uid}, and no existing object was found`
    throw conflict(resource.type, target.name, why)
  }
  const merged = applyConfiguration(resource.schema(), live, applied as KubeObject, {
    manager,
    force: options.force === true,
    ...(subresource === undefined ? {} : { subresource }),
    hasStatus: resource.strategy.hasStatus,
    time: formatTime(engine.environment.clock.now()),
  })
  const object = decodeBody(context, resource, { value: merged }, 'Ignore')
  checkPlace(target, object)
  delete object.metadata.selfLink
  defaultsFor(resource, object)
  const stored = toStored(resource, object as KubeObject) as Draft<KubeObject>
  if (entry !== undefined) {
    return replaceObject(engine, context, target, entry, stored, { ...options, keepManagedFields: true, retried: true })
  }
  if (subresource !== undefined) throw notFound(resource.type, target.name)
  authorize(engine, context, 'create', target)
  delete stored.metadata.resourceVersion
  return createObject(engine, context, target, stored, options, true)
}

/** The configuration as it came, since what it leaves out is as telling as what it says. */
function appliedObject(target: ObjectTarget, value: unknown): Draft<KubeObject> {
  checkAppliedKind(target.resource, value)
  const object = value as Draft<KubeObject>
  return { ...object, metadata: { ...object.metadata } }
}

function refuseStrategicOfCustom({ resource }: ObjectTarget, change: Patch): void {
  if (resource.definition === undefined || change.type !== 'strategic') return
  throw apiError(
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  )
}
