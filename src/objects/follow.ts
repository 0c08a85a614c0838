import type { KubeObject, ObjectKey } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client } from '../client/client.ts'
import { systemEnvironment } from '../env/system.ts'
import { WAIT_MS } from './manager.ts'
import type { WaitOptions } from './manager.ts'
import { ObjectsError } from './objects-error.ts'

/** What is waited for, and how to say it. */
export interface Wanted<T, R> {
  /** The result, or `undefined` while it has not come; throws where it never will. The object is absent when deleted. */
  readonly judge: (object: T | undefined) => R | undefined
  /** What `object` is still waiting for, such as `2 of 3 replicas are available`. */
  readonly state: (object: T | undefined) => string
  readonly expected: string
}

/**
 * Follows one object until `judge` has a result. Rejects with `OBJECTS_WAITED_TOO_LONG`, which says what it waited for,
 * with what `judge` throws, or with the signal's reason. A watch that is cut is resumed.
 */
export async function follow<T extends KubeObject, R>(
  client: Client,
  type: ResourceType<T>,
  key: ObjectKey,
  { judge, state, expected }: Wanted<T, R>,
  { timeoutMs = WAIT_MS, signal }: WaitOptions = {},
): Promise<R> {
  const timeout = new AbortController()
  const timer = systemEnvironment().timers.after(timeoutMs, () => timeout.abort())
  const ended = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal])
  let last: T | undefined
  try {
    for (;;) {
      const result = await watchOnce(client, type, key, ended, (object) => judge((last = object)))
      if (result !== undefined) return result
    }
  } catch (error) {
    if (!timeout.signal.aborted || signal?.aborted) throw error
    const message = `Cannot wait for ${type.singular} "${key.name}": after ${timeoutMs} ms ${state(last)}, expected ${expected}`
    const hint = `shoal explain ${type.singular}/${key.name} says what holds it back`
    throw new ObjectsError('OBJECTS_WAITED_TOO_LONG', message, hint)
  } finally {
    timer.cancel()
  }
}

/** One list and one watch; resolves to the result, or to `undefined` where the watch was cut first. */
async function watchOnce<T extends KubeObject, R>(
  client: Client,
  type: ResourceType<T>,
  { name, namespace }: ObjectKey,
  ended: AbortSignal,
  judge: (object: T | undefined) => R | undefined,
): Promise<R | undefined> {
  ended.throwIfAborted()
  const where = { fieldSelector: `metadata.name=${name}`, ...(namespace !== undefined && { namespace }) }
  const { items, metadata } = await client.list(type, { ...where, signal: ended })
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
  const abort = () => reject(ended.reason)
  ended.addEventListener('abort', abort)
  try {
    return await promise
  } finally {
    ended.removeEventListener('abort', abort)
    watch.close()
  }
}
