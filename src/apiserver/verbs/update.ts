import type { Draft } from '../../api/draft.ts'
import type { KubeObject } from '../../api/object.ts'
import type { UpdateOptions } from '../../client/client.ts'
import { updateScale } from '../subresources/scale.ts'
import { authorize } from './authorization.ts'
import { toStored } from './conversion.ts'
import { createObject } from './create.ts'
import { checkNames, decodeBody, placeInNamespace } from './decode-body.ts'
import { trackServed } from './writer.ts'
import type { Engine } from './engine.ts'
import { notFound, otherUid } from './failure.ts'
import { storageKey } from './get.ts'
import { defaultsFor } from './kind-rules.ts'
import { untilNotOvertaken } from './overtaken.ts'
import { dropRepeatedOwners } from './repeated-owners.ts'
import { replaceObject } from './replace.ts'
import type { Answer, Body, ObjectTarget, RequestContext } from './request.ts'

/** PUT of an object, or of a subresource of it. */
export async function update(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  body: Body,
  options: UpdateOptions = {},
): Promise<Answer> {
  authorize(engine, context, 'update', target)
  context.signal?.throwIfAborted()
  const { resource, subresource } = target
  const loading = engine.prepare(resource)
  if (loading !== undefined) await loading
  if (subresource === 'scale') return updateScale(engine, context, target, body.value, options)
  return untilNotOvertaken(target, () => put(engine, context, target, body, options))
}

async function put(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  body: Body,
  options: UpdateOptions,
): Promise<Answer> {
  const { resource, subresource } = target
  const object = decodeBody(context, resource, body, options.fieldValidation)
  checkNames(target, object)
  placeInNamespace(target, object)
  dropRepeatedOwners(context, object, 'as sent')
  defaultsFor(resource, object)
  const entry = engine.store.head().get(resource.storage, storageKey(target))
  const stored = toStored(resource, object as KubeObject) as Draft<KubeObject>
  const keepManagedFields = trackServed(engine, context, target, stored, entry, options)
  if (entry !== undefined) {
    return replaceObject(engine, context, target, entry, stored, { ...options, keepManagedFields })
  }
  // Kubernetes creates a Service that is not there for a status of it too.
  const isPart = subresource !== undefined && !(subresource === 'status' && resource.storage === 'services')
  if (!resource.strategy.createsOnUpdate || isPart) throw notFound(resource.type, target.name)
  authorize(engine, context, 'create', target)
  // What is not there has no uid: who names one means another object.
  const { uid } = stored.metadata
  if (uid) throw otherUid(target, uid, undefined, options.dryRun === true)
  // Whoever writes a status manages nothing else of what that makes.
  return createObject(engine, context, target, stored, options, keepManagedFields || subresource !== undefined)
}
