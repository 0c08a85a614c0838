import { notSupported } from '../../api/meta/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import type { RemoveOptions } from '../../client/client.ts'
import { deepFreeze } from '../../store/freeze.ts'
import type { Entry, Mutation } from '../../store/store.ts'
import type { AdmissionRequest } from '../admission/admission.ts'
import { admissionRequest } from './admission-request.ts'
import { authorize } from './authorization.ts'
import { DEFINITIONS } from '../custom/definition-status.ts'
import { servedForm } from './conversion.ts'
import { planDeletion } from './deletion-plan.ts'
import type { Engine } from './engine.ts'
import { commit } from './engine.ts'
import { conflict, invalidOptions, otherIdentity } from './failure.ts'
import { entryAt } from './get.ts'
import type { Answer, CollectionTarget, ObjectTarget, RequestContext } from './request.ts'
import type { StatusObject } from './verbs.ts'

/** DELETE of one object. */
export async function remove(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  options: RemoveOptions = {},
): Promise<Answer<KubeObject | StatusObject>> {
  authorize(engine, context, 'delete', target)
  context.signal?.throwIfAborted()
  warnOfOrphans(context, target, options)
  return removeObject(engine, context, target, options)
}

const ORPHANED_PODS =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set ' +
  'propagationPolicy=Orphan to suppress this warning'

/** Few expect what a Job leaves behind where nothing is said. */
export function warnOfOrphans(context: RequestContext, { resource }: CollectionTarget, options: RemoveOptions): void {
  if (resource.storage === 'jobs.batch' && options.propagationPolicy === undefined) context.warn(ORPHANED_PODS)
}

/**
 * Deletes for whoever has been authorized: at once, or by marking the object where finalizers, a pod's grace or a
 * namespace's content come first. Deciding and committing happen in one turn, after the webhooks.
 */
export async function removeObject(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  options: RemoveOptions,
  { admitted = false, inCollection = false }: { readonly admitted?: boolean; readonly inCollection?: boolean } = {},
): Promise<Answer<KubeObject | StatusObject>> {
  checkPolicy(options)
  const { resource } = target
  const entry = entryAt(engine.store.head(), target)
  checkPreconditions(target, entry.object, options)
  const going = { operation: 'DELETE' as const, object: entry.object, old: entry.object }
  const request = admissionRequest(engine, context, target, going, options)
  engine.admission.validate(request)
  if (!admitted) {
    // Whoever deletes a collection names none of what is in it.
    const asking = admit(engine, inCollection ? { ...request, name: '' } : request)
    if (asking !== undefined) {
      await asking
      return removeObject(engine, context, target, options, { admitted: true })
    }
  }
  const plan = planDeletion(resource, entry.object, options, engine.environment.clock.now())
  if (plan.type === 'keep') return { object: await servedForm(engine, resource, entry.object), code: 200 }
  if (options.dryRun) return answer(engine, target, plan.type, deepFreeze({ ...plan.object }))
  const mutation = { resource: entry.resource, key: entry.key, object: plan.object }
  if (plan.type === 'delete' && plan.object !== entry.object) {
    // Whoever watches pods sees that one has no time left before it is gone, as in Kubernetes. Both are flushed together.
    commit(engine, [{ type: 'update', ...mutation }]).catch(() => {})
  }
  return carryOut(engine, target, entry, { type: plan.type, ...mutation })
}

/** By webhooks and policies; undefined where none is concerned. */
function admit(engine: Engine, request: AdmissionRequest): Promise<void> | undefined {
  const mutating = engine.dynamic.mutate(request)
  return mutating === undefined
    ? engine.dynamic.validate(request)
    : mutating.then(() => engine.dynamic.validate(request))
}

async function carryOut(engine: Engine, target: ObjectTarget, entry: Entry, mutation: Mutation) {
  const change = (await commit(engine, [mutation])).changes[0]
  if (change === undefined) throw new Error(`The deletion of ${entry.key} has no change`)
  if (change.type === 'delete') engine.allocations.release(target.resource, entry.object)
  await engine.afterWrite.get(entry.resource)?.(change)
  return answer(engine, target, change.type, change.entry.object)
}

/** What a client is told: the object where it lives on or its kind answers so, else a Success. */
async function answer(
  engine: Engine,
  { resource, name }: ObjectTarget,
  type: Mutation['type'],
  object: KubeObject,
): Promise<Answer<KubeObject | StatusObject>> {
  if (type !== 'delete' || resource.strategy.deleteAnswersObject)
    return { object: await servedForm(engine, resource, object), code: 200 }
  const { group, plural } = resource.type
  const { uid } = object.metadata
  const details = { name, ...(group !== '' && { group }), kind: plural, ...(uid !== undefined && { uid }) }
  return { object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }, code: 200 }
}

const POLICIES = ['Foreground', 'Background', 'Orphan', 'nil']

function checkPolicy({ propagationPolicy }: RemoveOptions): void {
  if (propagationPolicy === undefined || POLICIES.includes(propagationPolicy)) return
  throw invalidOptions('DeleteOptions', [notSupported('propagationPolicy', propagationPolicy, POLICIES)])
}

/** Kinds that Kubernetes deletes by code of their own, with words of its own. */
const OWN_DELETION: ReadonlySet<string> = new Set(['namespaces', DEFINITIONS])

/** Kubernetes names the kind, not the resource, in these conflicts. */
export function checkPreconditions({ resource, name }: ObjectTarget, object: KubeObject, options: RemoveOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const { metadata } = object
  if (OWN_DELETION.has(resource.storage)) {
    const differs = (what: 'UID' | 'ResourceVersion', wanted: string | undefined, actual: string | undefined) => {
      if (wanted !== undefined && wanted !== actual) {
        throw conflict(resource.type, name, otherIdentity(what, wanted, actual))
      }
    }
    differs('UID', uid, metadata.uid)
    return differs('ResourceVersion', resourceVersion, metadata.resourceVersion)
  }
  // Events of either group are the core one's here.
  const { storageType } = resource
  const type = { ...storageType, plural: storageType.kind }
  if (uid !== undefined && uid !== metadata.uid) {
    const records = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid ?? ''})`
    throw conflict(type, name, `${records}. The object might have been deleted and then recreated`)
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const versions = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion ?? ''})`
    throw conflict(type, name, `${versions}. The object might have been modified`)
  }
}
