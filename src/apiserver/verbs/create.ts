import type { Draft } from '../../api/draft.ts'
import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import { ApiError } from '../../api/meta/status.ts'
import { invalidError } from '../../api/meta/field-error.ts'
import { trackUpdate } from '../../api/patch/managed-fields.ts'
import { prepareForCreate } from '../../api/strategy/prepare.ts'
import type { WriteOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import { randomSuffix } from '../../env/random.ts'
import { deepFreeze } from '../../store/freeze.ts'
import type { Mutation } from '../../store/store.ts'
import { noteRequestor, REQUESTS } from '../certificates/requests.ts'
import { bind } from '../subresources/binding.ts'
import { createReview, isReview, withEmptyStatus } from '../subresources/reviews.ts'
import { admissionRequest } from './admission-request.ts'
import { authorize } from './authorization.ts'
import { servedForm, settleEmpties, storedByWebhook, toServed, toStored } from './conversion.ts'
import { decodeBody, placeInNamespace } from './decode-body.ts'
import type { Engine } from './engine.ts'
import { commit, commitBeside } from './engine.ts'
import { alreadyExists } from './failure.ts'
import { storageKey } from './get.ts'
import { defaultsFor, validationOfNew, warningsFor } from './kind-rules.ts'
import { dropRepeatedOwners } from './repeated-owners.ts'
import type { Answer, Body, CollectionTarget, RequestContext } from './request.ts'
import type { ServedResource } from './served-resource.ts'
import { trackServed, writerOf } from './writer.ts'

/** POST to a collection. */
export async function create(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget,
  body: Body,
  options: WriteOptions = {},
): Promise<Answer> {
  authorize(engine, context, 'create', target)
  context.signal?.throwIfAborted()
  const { resource } = target
  const loading = engine.prepare(resource)
  if (loading !== undefined) await loading
  const object = decodeBody(context, resource, body, options.fieldValidation)
  placeInNamespace(target, object)
  dropRepeatedOwners(context, object, 'as sent')
  defaultsFor(resource, object)
  if (isReview(resource)) {
    settleEmpties(resource, object)
    await admitUnstored(engine, context, target, withEmptyStatus(object), options)
    if (resource.type.kind !== 'SelfSubjectRulesReview') {
      trackUpdate(resource.schema(), object, undefined, writerOf(engine, context, resource, options))
    }
    return createReview(engine, context, target, object)
  }
  const stored = toStored(resource, object as KubeObject) as Draft<KubeObject>
  if (resource.storage === 'bindings') {
    await admitUnstored(engine, context, target, object, options)
    return bindByCollection(engine, target, object as KubeObject, options)
  }
  const tracked = trackServed(engine, context, target, stored, undefined, options)
  return createObject(engine, context, target, stored, options, tracked)
}

/** Of what is not stored only webhooks and policies have something to say. */
async function admitUnstored(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget,
  object: Draft<KubeObject>,
  options: WriteOptions,
): Promise<void> {
  const request = admissionRequest(engine, context, target, { operation: 'CREATE', object }, options)
  await engine.dynamic.mutate(request)
  await engine.dynamic.validate(request)
}

/** The collection of bindings is the older way to give a pod to a node. */
async function bindByCollection(
  engine: Engine,
  { namespace }: CollectionTarget,
  binding: KubeObject,
  options: WriteOptions,
): Promise<Answer> {
  const pods = engine.catalog.find('', 'v1', 'pods')
  if (pods === undefined) throw new Error('The catalog has no pods')
  const name = binding.metadata.name ?? ''
  return bind(engine, { resource: pods, name, ...(namespace !== undefined && { namespace }) }, binding, options)
}

/**
 * Creates `object`, which is fresh, defaulted and in its stored version: admits, prepares, validates and commits it, all
 * against one state of the head.
 */
export async function createObject(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget,
  object: Draft<KubeObject>,
  options: WriteOptions,
  keepManagedFields = false,
): Promise<Answer> {
  const { resource } = target
  const { storageType: type, storage } = resource
  const isNamed = Boolean(object.metadata.name)
  clearMetadata(object, options.dryRun === true)
  // Fields belong to who sent them (and defaults with them): what admission and the kind's rules add has no manager.
  if (!keepManagedFields) {
    trackUpdate(resource.schema(), object, undefined, writerOf(engine, context, resource, options))
  }
  const request = admissionRequest(engine, context, target, { operation: 'CREATE', object }, options)
  // In Kubernetes a name is generated after this: refusals know no more of it than its beginning.
  const unnamed = isNamed ? request : { ...request, name: object.metadata.generateName ?? '' }
  engine.admission.mutate(unnamed)
  const again = () => engine.admission.mutate({ ...unnamed, head: engine.store.head() })
  const mutating = engine.dynamic.mutate(request, again)
  if (mutating !== undefined) await mutating
  fillMetadata(engine, target, object)
  dropRepeatedOwners(context, object, 'after mutation')
  prepareForCreate(type, object)
  if (storage === REQUESTS) noteRequestor(object as Draft<CertificateSigningRequest>, context.user)
  const isExemplary = checkValid(engine, context, resource, object as KubeObject)
  const key = storageKey({ ...target, name: object.metadata.name ?? '' })
  refuseExisting(engine, resource, key, object)
  const beside: Mutation[] = []
  const whole = { ...request, name: object.metadata.name ?? '', beside, head: engine.store.head() }
  engine.admission.validate(whole)
  const validating = engine.dynamic.validate(whole)
  if (validating !== undefined) {
    await validating
    // Others may have written meanwhile: what holds against the head is checked again, in the turn of the commit.
    refuseExisting(engine, resource, key, object)
    beside.length = 0
    engine.admission.validate({ ...whole, head: engine.store.head() })
  }
  settleEmpties(resource, object)
  const converting = storedByWebhook(engine, resource, object as KubeObject)
  const stored = converting === undefined ? (object as KubeObject) : await converting
  if (converting !== undefined) {
    refuseExisting(engine, resource, key, object)
    beside.length = 0
    engine.admission.validate({ ...whole, head: engine.store.head() })
  }
  const reservation = engine.allocations.reserve(resource, object, undefined)
  if (options.dryRun) {
    reservation?.undo()
    return { object: deepFreeze(toServed(resource, object as KubeObject)), code: 201 }
  }
  try {
    commitBeside(engine, beside)
    const { changes } = await commit(engine, [{ type: 'create', resource: storage, key, object: stored }])
    reservation?.done()
    const change = changes[0]
    if (change === undefined) throw new Error(`A commit of one creation has ${changes.length} changes`)
    if (isExemplary) engine.acceptedSpecs.add(storage, change.entry.object)
    await engine.afterWrite.get(storage)?.(change)
    return { object: await servedForm(engine, resource, change.entry.object), code: 201 }
  } catch (error) {
    reservation?.undo()
    throw error
  }
}

/** Throws Invalid, and passes warnings on; returns whether others like it need not be looked at again. */
function checkValid(engine: Engine, context: RequestContext, resource: ServedResource, object: KubeObject): boolean {
  const isAccepted = engine.acceptedSpecs.includes(resource.storage, object)
  const errors = validationOfNew(resource, object, engine.surroundings, isAccepted)
  if (errors.length > 0) throw invalidError(resource.storageType, object.metadata.name ?? '', errors)
  if (isAccepted) return false
  const warnings = warningsFor(resource, object)
  for (const text of warnings) context.warn(text)
  return warnings.length === 0
}

function refuseExisting(engine: Engine, resource: ServedResource, key: string, { metadata }: Draft<KubeObject>): void {
  const existing = engine.store.head().get(resource.storage, key)
  if (existing !== undefined) throw alreadyExists(resource.type, metadata.name ?? '', existing.object)
}

/** Nobody else says of a new object that it goes, or where it is. */
function clearMetadata({ metadata }: Draft<KubeObject>, dryRun: boolean): void {
  // The store says so in Kubernetes, which a dry run does not reach.
  if (metadata.resourceVersion && !dryRun) throw versionSetOnCreate()
  if (!metadata.resourceVersion) delete metadata.resourceVersion
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
}

/** What the server alone says of a new object: uid, time, and its name where it is to be generated. */
function fillMetadata(engine: Engine, target: CollectionTarget, object: Draft<KubeObject>): void {
  const { metadata } = object
  metadata.uid = engine.environment.random.uuid()
  metadata.creationTimestamp = timeOf(engine)
  if (!metadata.name && metadata.generateName) {
    metadata.name = generateName(engine, target.resource, target.namespace, metadata.generateName)
    // Each name is tried on a copy in Kubernetes: what two parts of an object shared they share no more.
    if (metadata.labels !== undefined) metadata.labels = { ...metadata.labels }
  }
}

function timeOf(engine: Engine): string {
  return formatTime(engine.environment.clock.now())
}

/** Tries a bounded number of suffixes; the last one is answered with AlreadyExists, as Kubernetes does. */
function generateName(engine: Engine, resource: ServedResource, namespace: string | undefined, base: string): string {
  const head = engine.store.head()
  let name = ''
  for (let attempt = 0; attempt < 8; attempt++) {
    name = base.slice(0, 58) + randomSuffix(engine.environment.random)
    if (head.get(resource.storage, storageKey({ ...(namespace !== undefined && { namespace }), name })) === undefined)
      break
  }
  return name
}

/** Kubernetes answers this with a plain error, which its server turns into a 500 without a reason. */
function versionSetOnCreate(): ApiError {
  const message = 'resourceVersion should not be set on objects to be created'
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}
