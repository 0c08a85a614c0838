import type { KubeObject, ObjectKey } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client } from '../client/client.ts'
import { follow as followObject } from '../client/follow.ts'
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
 * with what `judge` throws, or with the signal's reason.
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
    return await followObject(client, type, key, (object) => judge((last = object)), ended)
  } catch (error) {
    if (!timeout.signal.aborted || signal?.aborted) throw error
    const message = `Cannot wait for ${type.singular} "${key.name}": after ${timeoutMs} ms ${state(last)}, expected ${expected}`
    const hint = `shoal explain ${type.singular}/${key.name} says what holds it back`
    throw new ObjectsError('OBJECTS_WAITED_TOO_LONG', message, hint)
  } finally {
    timer.cancel()
  }
}
