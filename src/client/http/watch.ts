import type { IncomingMessage } from 'node:http'
import { ApiError } from '../../api/meta/status.ts'
import type { Status } from '../../api/generated/meta-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { Watch, WatchEvent, WatchHandler, WatchOptions } from '../client.ts'
import type { Connection } from './connection.ts'
import { collectionPath, queryString } from './resource-path.ts'
import { failureOf, readAll } from './response.ts'

/** Follows a resource over a connection of its own. Coming back after an end is for the informer that asked. */
export function openWatch<T extends KubeObject>(
  connection: Connection,
  type: ResourceType<T>,
  options: WatchOptions,
  handler: WatchHandler<T>,
): Watch {
  const controller = new AbortController()
  let open = true
  const finish = (error?: Error) => {
    if (!open) return
    open = false
    controller.abort()
    handler.closed(error)
  }
  const { namespace, ...asked } = options
  const path = collectionPath(type, namespace) + queryString({ watch: true, ...asked })
  connection
    .send({ method: 'GET', path, streaming: true, signal: controller.signal })
    .then((response) => follow(response, handler, finish, () => open))
    .catch((error: unknown) => finish(error instanceof Error ? error : new Error(String(error))))
  return {
    close() {
      open = false
      controller.abort()
    },
  }
}

async function follow<T extends KubeObject>(
  response: IncomingMessage,
  handler: WatchHandler<T>,
  finish: (error?: Error) => void,
  isOpen: () => boolean,
): Promise<void> {
  if (response.statusCode !== 200) return finish(failureOf(response, await readAll(response)))
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of response) {
    const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
    const end = bytes.lastIndexOf(0x0a)
    rest = bytes.subarray(end + 1)
    if (end < 0) continue
    const { events, error } = parseLines<T>(bytes.toString('utf8', 0, end))
    if (!isOpen()) return
    if (events.length > 0) handler.events(events)
    if (error !== undefined) return finish(error)
  }
  finish()
}

/** All lines of a chunk make one batch; an ERROR event ends the watch. */
function parseLines<T extends KubeObject>(lines: string) {
  const events: WatchEvent<T>[] = []
  for (const line of lines.split('\n')) {
    if (line === '') continue
    const event = JSON.parse(line) as { readonly type: string; readonly object: unknown }
    if (event.type === 'ERROR') return { events, error: new ApiError(event.object as Status) }
    events.push(event as WatchEvent<T>)
  }
  return { events }
}
