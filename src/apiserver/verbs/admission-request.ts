import type { Draft } from '../../api/draft.ts'
import type { KubeObject } from '../../api/object.ts'
import type { AdmissionRequest } from '../admission/admission.ts'
import type { Engine } from './engine.ts'
import type { CollectionTarget, ObjectTarget, RequestContext } from './request.ts'

/** What is about to happen. */
export interface IntendedWrite {
  readonly operation: AdmissionRequest['operation']
  readonly object: KubeObject | Draft<KubeObject>
  readonly old?: KubeObject
  readonly part?: AdmissionRequest['part']
}

/** What admission is asked about a write by `context` to `target`, against the head as it is now. */
export function admissionRequest(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget & Partial<ObjectTarget>,
  { operation, object, old, part }: IntendedWrite,
  options: { readonly dryRun?: boolean } = {},
): AdmissionRequest {
  return {
    user: context.user,
    resource: target.resource,
    subresource: target.subresource,
    operation,
    namespace: target.namespace,
    name: target.name ?? object.metadata.name ?? '',
    part,
    object: object as Draft<KubeObject>,
    old,
    dryRun: options.dryRun === true,
    options,
    head: engine.store.head(),
    environment: engine.environment,
    warn: context.warn,
    notes: context.notes,
  }
}
