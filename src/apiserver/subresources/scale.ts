import type { Draft } from '../../api/draft.ts'
import { invalid, invalidError } from '../../api/meta/field-error.ts'
import { apiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import { schemaOf } from '../../api/schema/schema.ts'
import type { Patch, UpdateOptions } from '../../client/client.ts'
import type { Engine } from '../verbs/engine.ts'
import { modified, notFound } from '../verbs/failure.ts'
import { storageKey } from '../verbs/get.ts'
import { patched } from '../verbs/patched.ts'
import { replaceObject } from '../verbs/replace.ts'
import type { Answer, ObjectTarget, RequestContext } from '../verbs/request.ts'
import type { Scale } from './scale-object.ts'
import { scaleOf, setReplicas } from './scale-object.ts'

const SCALE = { group: 'autoscaling', kind: 'Scale' }

/** PUT of `scale`: writes the replicas wanted into the object. */
export async function updateScale(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  value: unknown,
  options: UpdateOptions,
): Promise<Answer> {
  const { resource, name } = target
  const entry = engine.store.head().get(resource.storage, storageKey(target))
  if (entry === undefined) throw notFound(resource.type, name)
  const scale = readScale(value)
  const replicas = scale.spec?.replicas ?? 0
  if (replicas < 0) {
    throw invalidError(SCALE, name, [invalid('spec.replicas', replicas, 'must be greater than or equal to 0')])
  }
  const { resourceVersion } = scale.metadata
  if (resourceVersion && resourceVersion !== entry.object.metadata.resourceVersion) throw modified(resource.type, name)
  const object = structuredClone(entry.object) as Draft<KubeObject>
  setReplicas(resource, object, replicas)
  const { subresource: _, ...whole } = target
  const answer = await replaceObject(engine, context, whole, entry, object, options)
  return { object: scaleOf(resource, answer.object), code: 200 }
}

/** PATCH of `scale`, applied to the Scale that a GET would give. */
export async function patchScale(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  change: Patch,
  options: UpdateOptions,
): Promise<Answer> {
  const { resource, name } = target
  const entry = engine.store.head().get(resource.storage, storageKey(target))
  if (entry === undefined) throw notFound(resource.type, name)
  const current = scaleOf(resource, entry.object)
  if (change.type === 'apply') return updateScale(engine, context, target, change.patch, options)
  const value = patched(change, current, schemaOf('io.k8s.api.autoscaling.v1.Scale'))
  return updateScale(engine, context, target, value, options)
}

function readScale(value: unknown): Scale {
  const scale = value as Partial<Scale> | null
  const replicas = scale?.spec?.replicas
  if (typeof scale !== 'object' || scale === null || (replicas !== undefined && !Number.isInteger(replicas))) {
    throw apiError('BadRequest', 'Scale in version "v1" cannot be handled as a Scale: spec.replicas must be an integer')
  }
  return { ...scale, metadata: scale.metadata ?? {} } as Scale
}
