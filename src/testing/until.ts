import type { KubeObject } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client, WatchEvent } from '../client/client.ts'
import { CodedError } from '../env/coded-error.ts'
import { systemEnvironment } from '../env/system.ts'

/** Every code of this family and what it says. The documentation lists the same. */
export const TESTING_ERROR_CODES = {
  TEST_WAITED_TOO_LONG: 'What a test waited for did not come in time',
} as const

/** What a test waited for did not come; the message shows what there was instead. */
export class WaitedTooLongError extends CodedError<keyof typeof TESTING_ERROR_CODES> {
  override readonly name = 'WaitedTooLongError'
}

/** How long {@link until} waits unless told otherwise, in milliseconds. */
const WAIT_MS = 10_000

/**
 * Watches the objects of `type` until `holds` is true of those that exist (`namespace` only where one is given), and
 * resolves to them. Rejects with a {@link WaitedTooLongError} that shows the last of them after `deadlineMs` (default 10 s).
 *
 * @example
 * await until(cluster.client, pods, (all) => all.every((pod) => pod.status?.phase === 'Running'))
 */
export function until<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  holds: (objects: readonly T[]) => boolean,
  options: { readonly namespace?: string; readonly deadlineMs?: number } = {},
): Promise<readonly T[]> {
  const { namespace, deadlineMs = WAIT_MS } = options
  const where = namespace === undefined ? {} : { namespace }
  const objects = new Map<string, T>()
  const { promise, resolve, reject } = Promise.withResolvers<readonly T[]>()
  const over = new AbortController()
  const timer = systemEnvironment().timers.after(deadlineMs, () =>
    reject(tooLong(type, [...objects.values()], deadlineMs)),
  )
  const look = () => {
    const all = [...objects.values()]
    if (!holds(all)) return
    resolve(all)
    over.abort()
  }
  const follow = async () => {
    const { items, metadata } = await client.list(type, where)
    for (const object of items) take(objects, { type: 'ADDED', object })
    look()
    // The deadline may have passed, or the list have sufficed, while it was under way.
    if (over.signal.aborted) return
    const resourceVersion = metadata.resourceVersion ?? ''
    const watch = client.watch(
      type,
      { ...where, resourceVersion },
      {
        events: (events) => {
          for (const event of events) take(objects, event)
          look()
        },
        closed: (error) => reject(error ?? new Error(`The watch of ${type.plural} was closed`)),
      },
    )
    over.signal.addEventListener('abort', () => watch.close(), { once: true })
  }
  follow().catch(reject)
  return promise.finally(() => {
    timer.cancel()
    over.abort()
  })
}

function take<T extends KubeObject>(objects: Map<string, T>, event: WatchEvent<T>): void {
  if (event.type === 'BOOKMARK') return
  const { uid = '' } = event.object.metadata
  if (event.type === 'DELETED') objects.delete(uid)
  else objects.set(uid, event.object)
}

function tooLong(type: ResourceType, objects: readonly KubeObject[], deadlineMs: number): WaitedTooLongError {
  const last = JSON.stringify(objects.map((object) => object)).slice(0, 2_000)
  const message = `Cannot wait for ${type.plural}: after ${deadlineMs} ms there are ${objects.length}, expected others: ${last}`
  return new WaitedTooLongError('TEST_WAITED_TOO_LONG', message, 'look at their conditions and events')
}
