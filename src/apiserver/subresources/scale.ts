import type { Draft } from '../../api/draft.ts'
import { invalid, invalidError } from '../../api/meta/field-error.ts'
import { apiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import { applyConfiguration } from '../../api/patch/apply.ts'
import { trackUpdate } from '../../api/patch/managed-fields.ts'
import type { Writer } from '../../api/patch/managed-fields.ts'
import { DecodeError, decodeValue } from '../../api/schema/decode.ts'
import { schemaOf } from '../../api/schema/schema.ts'
import type { Patch, PatchOptions, UpdateOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import type { Entry } from '../../store/store.ts'
import type { Engine } from '../verbs/engine.ts'
import { modified, notFound } from '../verbs/failure.ts'
import { storageKey } from '../verbs/get.ts'
import { convertsByWebhook, servedForm } from '../verbs/conversion.ts'
import { admissionRequest } from '../verbs/admission-request.ts'
import type { IntendedWrite } from '../verbs/admission-request.ts'
import { refuseOvertaken, untilNotOvertaken } from '../verbs/overtaken.ts'
import { patched } from '../verbs/patched.ts'
import { replaceObject } from '../verbs/replace.ts'
import type { Answer, ObjectTarget, RequestContext } from '../verbs/request.ts'
import type { ServedResource } from '../verbs/served-resource.ts'
import { applyManager, writerOf } from '../verbs/writer.ts'
import type { Scale } from './scale-object.ts'
import { scaleOf, setReplicas } from './scale-object.ts'

const SCALE = { group: 'autoscaling', kind: 'Scale' }

/** PUT of `scale`: writes the replicas wanted into the object. */
export function updateScale(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  value: unknown,
  options: UpdateOptions,
): Promise<Answer> {
  return untilNotOvertaken(target, () => putScale(engine, context, target, value, options))
}

async function putScale(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  value: unknown,
  options: UpdateOptions,
): Promise<Answer> {
  const { resource, name } = target
  const entry = engine.store.head().get(resource.storage, storageKey(target))
  if (entry === undefined) throw notFound(resource.type, name)
  const scale = await mutated(engine, context, target, entry, readScale(value), options)
  checkScaleNames(target, scale)
  const replicas = scale.spec?.replicas ?? 0
  if (replicas < 0) {
    throw invalidError(SCALE, name, [invalid('spec.replicas', replicas, 'must be greater than or equal to 0')])
  }
  const { resourceVersion } = scale.metadata
  if (resourceVersion && resourceVersion !== entry.object.metadata.resourceVersion) throw modified(resource.type, name)
  const live = await liveForm(engine, target, entry)
  const object = structuredClone(live) as Draft<KubeObject>
  setReplicas(resource, object, replicas)
  trackReplicas(resource, object, live, replicas, writerOf(engine, context, resource, options, 'scale'))
  return writeScale(engine, context, target, entry, object, options)
}

/** The Scale as webhooks leave it; it is tried again where the object changed while they were asked. */
async function mutated(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  entry: Entry,
  scale: Scale,
  options: UpdateOptions,
): Promise<Scale> {
  const object = { ...scale, apiVersion: 'autoscaling/v1', kind: 'Scale' }
  const old = scaleOf(target.resource, entry.object)
  const request = admissionRequest(engine, context, target, shownAs(object, old), options)
  const mutating = engine.dynamic.mutate(request)
  if (mutating === undefined) return scale
  await mutating
  refuseOvertaken(engine, target, entry, scale, Boolean(scale.metadata.resourceVersion))
  return readScale(request.object)
}

/** Webhooks and policies are shown the Scale, not what it is of. */
const shownAs = (object: KubeObject, old: KubeObject): IntendedWrite => ({
  operation: 'UPDATE',
  object,
  old,
  part: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
})

/** The object that a scale is of, in the form in which it is written; a conflict where it changed while a webhook was asked. */
async function liveForm(engine: Engine, { resource, name }: ObjectTarget, entry: Entry): Promise<KubeObject> {
  if (!convertsByWebhook(resource)) return entry.object
  const live = await servedForm(engine, resource, entry.object)
  if (engine.store.head().get(resource.storage, entry.key) !== entry) throw modified(resource.type, name)
  return live
}

/** A Scale leaves zero replicas out, so nobody owns them then. */
function trackReplicas(
  resource: ServedResource,
  object: Draft<KubeObject>,
  old: KubeObject,
  replicas: number,
  writer: Writer,
): void {
  const seen = structuredClone(object)
  if (replicas === 0 && scaleOf(resource, old).spec?.replicas !== undefined) setReplicas(resource, seen, undefined)
  trackUpdate(resource.schema(), seen, old, writer)
  if (seen.metadata.managedFields === undefined) delete object.metadata.managedFields
  else object.metadata.managedFields = seen.metadata.managedFields
}

async function writeScale(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  entry: Entry,
  object: Draft<KubeObject>,
  options: UpdateOptions,
): Promise<Answer> {
  const { subresource: _, ...whole } = target
  keepScaleTimes(object, entry.object)
  const old = scaleOf(target.resource, entry.object)
  const answer = await replaceObject(engine, context, whole, entry, object, {
    ...options,
    keepManagedFields: true,
    shown: (next) => admissionRequest(engine, context, target, shownAs(scaleOf(target.resource, next), old), options),
  })
  return { object: scaleOf(target.resource, answer.object), code: 200 }
}

/** Kubernetes keeps no times of those who scale: an entry of theirs has the one that it had in the object before. */
function keepScaleTimes(object: Draft<KubeObject>, old: KubeObject): void {
  for (const one of object.metadata.managedFields ?? []) {
    if (one.subresource !== 'scale') continue
    const before = old.metadata.managedFields?.find(
      ({ manager, operation, subresource }) =>
        subresource === 'scale' && manager === one.manager && operation === one.operation,
    )
    if (before?.time === undefined) delete one.time
    else one.time = before.time
  }
}

/** PATCH of `scale`, applied to the Scale that a GET would give. */
export function patchScale(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  change: Patch,
  options: PatchOptions,
): Promise<Answer> {
  return untilNotOvertaken(target, () => patchOnce(engine, context, target, change, options))
}

async function patchOnce(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  change: Patch,
  options: PatchOptions,
): Promise<Answer> {
  const { resource, name } = target
  const entry = engine.store.head().get(resource.storage, storageKey(target))
  if (entry === undefined) throw notFound(resource.type, name)
  if (change.type === 'apply') return applyScale(engine, context, target, entry, change.patch, options)
  const current = scaleOf(resource, await liveForm(engine, target, entry))
  const value = patched(change, current, schemaOf('io.k8s.api.autoscaling.v1.Scale'))
  try {
    decodeValue(schemaOf('io.k8s.api.autoscaling.v1.Scale'), value)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw invalidError({ group: '', kind: '' }, '', [invalid('patch', JSON.stringify(value), error.message)])
  }
  return putScale(engine, context, target, value, options)
}

/** Server-side apply of a Scale: of the replicas in the object that it stands for. */
async function applyScale(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  entry: Entry,
  value: unknown,
  options: PatchOptions,
): Promise<Answer> {
  const { resource, name } = target
  const replicas = readScale(value).spec?.replicas
  const live = await liveForm(engine, target, entry)
  const { apiVersion, kind } = live
  const applied = { apiVersion, kind, metadata: { name } } as Draft<KubeObject>
  if (replicas !== undefined) setReplicas(resource, applied, replicas)
  const merged = applyConfiguration(resource.schema(), live, applied as KubeObject, {
    manager: applyManager(options),
    force: options.force === true,
    subresource: 'scale',
    hasStatus: true,
    shownVersion: 'autoscaling/v1',
    time: formatTime(engine.environment.clock.now()),
  })
  return writeScale(engine, context, target, entry, merged, options)
}

function readScale(value: unknown): Scale {
  try {
    const scale = decodeValue(schemaOf('io.k8s.api.autoscaling.v1.Scale'), value) as Scale
    return { ...scale, metadata: scale.metadata ?? {} }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw apiError('BadRequest', `Scale in version "v1" cannot be handled as a Scale: ${error.message}`)
  }
}

function checkScaleNames({ name, namespace }: ObjectTarget, { metadata }: Scale): void {
  if (metadata.namespace && namespace !== undefined && metadata.namespace !== namespace) {
    const message = 'the namespace of the provided object does not match the namespace sent on the request'
    throw apiError('BadRequest', message)
  }
  if (!metadata.name || metadata.name === name) return
  const message = `the name of the object (${metadata.name}) does not match the name on the URL (${name})`
  throw apiError('BadRequest', message)
}
