import type { KubeObject } from '../../api/object.ts'
import { apiError } from '../../api/meta/status.ts'
import type { WriteOptions } from '../../client/client.ts'
import { authorize } from '../verbs/authorization.ts'
import type { Engine } from '../verbs/engine.ts'
import type { Answer, Body, ObjectTarget, RequestContext } from '../verbs/request.ts'
import { admitPart } from './admit-part.ts'
import { bind } from './binding.ts'
import { evict } from './eviction.ts'
import { requestToken } from './token.ts'

/** POST to a subresource. */
export async function createSubresource(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget & { readonly subresource: string },
  body: Body,
  options: WriteOptions = {},
): Promise<Answer> {
  authorize(engine, context, 'create', target)
  context.signal?.throwIfAborted()
  const object = await admitPart(engine, context, target, 'CREATE', readBody(target, body.value), options.dryRun)
  switch (target.subresource) {
    case 'binding':
      return bind(engine, target, object, options)
    case 'eviction':
      return evict(engine, context, target, object, options)
    case 'token':
      return requestToken(engine, context, target, object, options)
    default:
      throw apiError('NotFound', 'the server could not find the requested resource', {})
  }
}

/** Each part has its own words for a name that is not the path's. */
function readBody({ name, subresource }: ObjectTarget, value: unknown): KubeObject {
  if (typeof value !== 'object' || value === null) throw apiError('BadRequest', 'the request body is not an object')
  const object = value as KubeObject
  const named = object.metadata?.name
  if (named && named !== name && subresource === 'eviction') {
    throw apiError('BadRequest', 'name in URL does not match name in Eviction object')
  }
  if (named && named !== name && subresource !== 'token') {
    throw apiError('BadRequest', `the name of the object (${named}) does not match the name on the URL (${name})`)
  }
  return { ...object, metadata: object.metadata ?? {} }
}
