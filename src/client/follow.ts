import type { KubeObject, ObjectKey } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client } from './client.ts'

/**
 * Follows one object until `judge` has a result: it is shown the object as it is now and after each change, and
 * `undefined` where it is not there. Rejects with what `judge` throws, or with the signal's reason, which is the bound on
 * the waiting. A watch that is cut is resumed.
 */
export async function follow<T extends KubeObject, R>(
  client: Client,
  type: ResourceType<T>,
  key: ObjectKey,
  judge: (object: T | undefined) => R | undefined,
  signal: AbortSignal,
): Promise<R> {
  for (;;) {
    const result = await watchOnce(client, type, key, signal, judge)
    if (result !== undefined) return result
  }
}

/** One list and one watch; resolves to the result, or to `undefined` where the watch was cut first. */
async function watchOnce<T extends KubeObject, R>(
  client: Client,
  type: ResourceType<T>,
  { name, namespace }: ObjectKey,
  signal: AbortSignal,
  judge: (object: T | undefined) => R | undefined,
): Promise<R | undefined> {
  signal.throwIfAborted()
  const where = { fieldSelector: `metadata.name=${name}`, ...(namespace !== undefined && { namespace }) }
  const { items, metadata } = await client.list(type, { ...where, signal })
  const now = judge(items[0])
  if (now !== undefined) return now
  const { promise, resolve, reject } = Promise.withResolvers<R | undefined>()
  const look = (object: T | undefined) => {
    const result = judge(object)
    if (result !== undefined) resolve(result)
  }
  const resourceVersion = metadata.resourceVersion ?? ''
  const watch = client.watch(
    type,
    { ...where, resourceVersion },
    {
      events(events) {
        try {
          for (const event of events) {
            if (event.type !== 'BOOKMARK') look(event.type === 'DELETED' ? undefined : event.object)
          }
        } catch (error) {
          reject(error)
        }
      },
      closed: () => resolve(undefined),
    },
  )
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', abort)
    watch.close()
  }
}
