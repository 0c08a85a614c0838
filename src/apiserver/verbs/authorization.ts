import { noteDecision } from '../audit/audit-notes.ts'
import type { FieldSelector } from '../../api/meta/field-selector.ts'
import type { ResourceAttributes } from './authorizer.ts'
import { describeRefusal } from './authorizer.ts'
import type { Engine } from './engine.ts'
import { forbidden } from './failure.ts'
import type { CollectionTarget, ObjectTarget, RequestContext } from './request.ts'

/** Asks whether the request's user may; throws Forbidden in Kubernetes' words where not. */
export function authorize(
  engine: Engine,
  context: RequestContext,
  verb: string,
  target: CollectionTarget & Partial<ObjectTarget> & { readonly fieldSelector?: FieldSelector },
): void {
  const { type } = target.resource
  const attributes: ResourceAttributes = {
    user: context.user,
    verb,
    group: type.group,
    version: type.version,
    resource: type.plural,
    ...(target.subresource === undefined ? {} : { subresource: target.subresource }),
    ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
    ...(target.name === undefined ? {} : { name: target.name }),
    ...(target.fieldSelector === undefined ? {} : { fieldSelector: target.fieldSelector }),
  }
  const decision = engine.authorizer.authorize(attributes)
  noteDecision(context.notes, decision)
  if (decision.allowed) return
  throw forbidden(type, target.name, describeRefusal(attributes, decision))
}
