import type { ObjectList } from '../../api/object.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { ListOptions, RemoveOptions } from '../../client/client.ts'
import { authorize } from './authorization.ts'
import { removeObject, warnOfOrphans } from './delete.ts'
import type { Engine } from './engine.ts'
import { listObjects } from './list.ts'
import type { CollectionTarget, RequestContext } from './request.ts'

/** How many deletions wait for the store at once. */
const CONCURRENT = 256

/** DELETE of a collection: each object as if it were deleted alone; those that have gone meanwhile are passed over. */
export async function removeCollection(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget,
  options: ListOptions & RemoveOptions = {},
): Promise<ObjectList> {
  authorize(engine, context, 'deletecollection', target)
  const { signal: _, ...selection } = options
  const list = await listObjects(engine, context, target, selection)
  warnOfOrphans(context, target, options)
  for (let start = 0; start < list.items.length; start += CONCURRENT) {
    context.signal?.throwIfAborted()
    const some = list.items.slice(start, start + CONCURRENT)
    await Promise.all(some.map((item) => removeUnlessGone(engine, context, target, item.metadata, options)))
  }
  return list
}

async function removeUnlessGone(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget,
  metadata: { readonly name?: string; readonly namespace?: string },
  options: RemoveOptions,
): Promise<void> {
  const { name = '', namespace } = metadata
  const one = { resource: target.resource, name, ...(namespace !== undefined && { namespace }) }
  try {
    await removeObject(engine, context, one, options, { inCollection: true })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}
