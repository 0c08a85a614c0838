import type { Draft } from '../../api/draft.ts'
import { required } from '../../api/meta/field-error.ts'
import { apiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import { applyConfiguration } from '../../api/patch/apply.ts'
import type { Patch, PatchOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import type { Entry } from '../../store/store.ts'
import { patchScale } from '../subresources/scale.ts'
import { authorize } from './authorization.ts'
import { toServed, toStored } from './conversion.ts'
import { createObject } from './create.ts'
import { checkNames, decodeBody, placeInNamespace } from './decode-body.ts'
import type { Engine } from './engine.ts'
import { invalidOptions, notFound } from './failure.ts'
import { storageKey } from './get.ts'
import { defaultsFor } from './kind-rules.ts'
import { patched } from './patched.ts'
import { replaceObject } from './replace.ts'
import type { Answer, ObjectTarget, RequestContext } from './request.ts'

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
  if (subresource === 'scale') return patchScale(engine, context, target, change, options)
  refuseStrategicOfCustom(target, change)
  const entry = engine.store.head().get(resource.storage, storageKey(target))
  if (change.type === 'apply') return applyObject(engine, context, target, entry, change.patch, options)
  if (entry === undefined) throw notFound(resource.type, target.name)
  const live = toServed(resource, entry.object)
  const value = patched(change, live, resource.schema())
  const object = decodeBody(context, resource, { value }, options.fieldValidation)
  defaultsFor(resource, object)
  const stored = toStored(resource, object as KubeObject) as Draft<KubeObject>
  return replaceObject(engine, context, target, entry, stored, options)
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
  if (!options.fieldManager) {
    throw invalidOptions('PatchOptions', [required('fieldManager', 'is required for apply patch')])
  }
  const applied = decodeBody(context, resource, { value }, options.fieldValidation)
  if (!applied.metadata.name) applied.metadata.name = target.name
  checkNames(target, applied)
  placeInNamespace(target, applied)
  const live = entry === undefined ? undefined : toServed(resource, entry.object)
  const merged = applyConfiguration(resource.schema(), live, applied as KubeObject, {
    manager: options.fieldManager,
    force: options.force === true,
    ...(subresource === undefined ? {} : { subresource }),
    time: formatTime(engine.environment.clock.now()),
  })
  const object = structuredClone(merged) as Draft<KubeObject>
  defaultsFor(resource, object)
  const stored = toStored(resource, object as KubeObject) as Draft<KubeObject>
  if (entry !== undefined) {
    return replaceObject(engine, context, target, entry, stored, { ...options, keepManagedFields: true })
  }
  if (subresource !== undefined) throw notFound(resource.type, target.name)
  authorize(engine, context, 'create', target)
  return createObject(engine, context, target, stored, options, true)
}

function refuseStrategicOfCustom({ resource }: ObjectTarget, change: Patch): void {
  if (resource.definition === undefined || change.type !== 'strategic') return
  throw apiError(
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  )
}
