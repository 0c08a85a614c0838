import { apiError, ApiError } from '../../src/api/meta/status.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { keyString } from '../../src/api/object.ts'
import type { ResourceType } from '../../src/api/resource-type.ts'
import { groupResourceOf } from '../../src/api/resource-type.ts'
import type { Client, ListOptions } from '../../src/client/client.ts'
import type { SeededRandom } from '../seeded-random.ts'
import { connectionLost, travel } from './connection.ts'
import type { Connection } from './connection.ts'
import { faultyWatch } from './faulty-watch.ts'

/** A request as the faults see it. */
interface Request<R> {
  readonly verb: string
  readonly about: string
  /** Whether a 409 is a possible answer. */
  readonly mayConflict?: boolean
  readonly perform: () => Promise<R>
  /** Called where the request was performed and the caller will not know. */
  readonly unheard?: () => void
}

/** Revisions of the past from which a list may still be answered, oldest first. */
export type RecentRevisions = () => readonly number[]

/**
 * A client whose connection delays, loses and repeats what passes through it, as seeds and levels say. Everything it does
 * could happen to a client of a real API server, over a real network.
 */
export function createFaultyClient(inner: Client, connection: Connection, recent: RecentRevisions): Client {
  return { ...faultyReads(inner, connection, recent), ...faultyWrites(inner, connection) }
}

type Reads = Pick<Client, 'get' | 'list' | 'watch' | 'logs'>

function faultyReads(inner: Client, connection: Connection, recent: RecentRevisions): Reads {
  return {
    get: (type, key, options = {}) =>
      performFaultily(connection, options.signal, {
        verb: 'get',
        about: about(type, keyString(key)),
        perform: () => inner.get(type, key, options),
      }),
    list: (type, options = {}) =>
      performFaultily(connection, options.signal, {
        verb: 'list',
        about: about(type, options.namespace ?? ''),
        perform: () => inner.list(type, staler(connection, options, recent)),
      }),
    watch: (type, options, handler) => faultyWatch(inner, connection, type, options, handler),
    logs: (key, options) => inner.logs(key, options),
  }
}

function faultyWrites(inner: Client, connection: Connection): Omit<Client, keyof Reads> {
  return {
    create: (type, object, options = {}) =>
      performFaultily(connection, options.signal, {
        verb: 'create',
        about: about(type, nameOf(object)),
        perform: () => inner.create(type, object, options),
        unheard: () => noteLost(connection, object),
      }),
    createSubresource: (type, key, subresource, body, options = {}) =>
      performFaultily(connection, options.signal, {
        verb: 'create',
        about: about(type, keyString(key), subresource),
        perform: () => inner.createSubresource(type, key, subresource, body, options),
      }),
    update: (type, object, options = {}) =>
      performFaultily(connection, options.signal, {
        verb: 'update',
        about: about(type, nameOf(object), options.subresource),
        mayConflict: true,
        perform: () => inner.update(type, object, options),
      }),
    patch: (type, key, patch, options = {}) =>
      performFaultily(connection, options.signal, {
        verb: 'patch',
        about: about(type, keyString(key), options.subresource),
        mayConflict: true,
        perform: () => inner.patch(type, key, patch, options),
      }),
    delete: (type, key, options = {}) =>
      performFaultily(connection, options.signal, {
        verb: 'delete',
        about: about(type, keyString(key)),
        perform: () => inner.delete(type, key, options),
      }),
    deleteCollection: (type, options = {}) =>
      performFaultily(connection, options.signal, {
        verb: 'deleteAll',
        about: about(type, options.namespace ?? ''),
        perform: () => inner.deleteCollection(type, options),
      }),
  }
}

/** `pods/status default/a`. */
function about(type: ResourceType, name: string, part?: string): string {
  return `${groupResourceOf(type)}${part === undefined ? '' : `/${part}`} ${name}`
}

async function performFaultily<R>(
  connection: Connection,
  signal: AbortSignal | undefined,
  request: Request<R>,
): Promise<R> {
  const { random, levels, trace, name } = connection
  const say = (outcome: string) => trace.add(name, request.verb, request.about, outcome)
  await travel(connection, signal)
  const { lostRequest, lostReply, conflict, refusal } = levels()
  if (random.chance(lostRequest)) {
    say('request lost')
    throw connectionLost()
  }
  if (request.mayConflict === true && random.chance(conflict)) {
    say('409 by chance')
    throw apiError('Conflict', 'Operation cannot be fulfilled: the object has been modified')
  }
  if (random.chance(refusal)) {
    const error = randomRefusal(random)
    say(`${error.code} by chance`)
    throw error
  }
  const result = await performTold(request, say)
  if (random.chance(lostReply)) {
    say('reply lost')
    request.unheard?.()
    throw connectionLost()
  }
  return await arriveBack(connection, signal, request, result)
}

async function performTold<R>(request: Request<R>, say: (outcome: string) => void): Promise<R> {
  try {
    const result = await request.perform()
    const metadata = (result as { metadata?: { name?: string; resourceVersion?: string } } | undefined)?.metadata
    say(`ok${request.verb === 'create' && metadata?.name !== undefined ? ` ${metadata.name}` : ''}`)
    return result
  } catch (error) {
    say(error instanceof ApiError ? `${error.code} ${error.reason}: ${error.message}` : String(error))
    throw error
  }
}

/** The answer's way back, on which its receiver may die or be cut off. */
async function arriveBack<R>(
  connection: Connection,
  signal: AbortSignal | undefined,
  request: Request<R>,
  result: R,
): Promise<R> {
  let heard = false
  const stop = connection.onState(() => {
    if (!heard) request.unheard?.()
    heard = true
  })
  try {
    await travel(connection, signal)
    return result
  } catch (error) {
    if (!heard) request.unheard?.()
    throw error
  } finally {
    heard = true
    stop()
  }
}

function randomRefusal(random: SeededRandom): ApiError {
  const reason = random.pick(['InternalError', 'ServiceUnavailable', 'TooManyRequests'] as const)
  return apiError(reason, 'the server is having a bad time', { retryAfterSeconds: 1 })
}

/** A list at version 0 may be answered by any state that the server remembers. */
function staler(connection: Connection, options: ListOptions, recent: RecentRevisions): ListOptions {
  const { random, levels } = connection
  if (options.resourceVersion !== '0' || !random.chance(levels().staleList)) return options
  const revisions = recent()
  if (revisions.length === 0) return options
  return { ...options, resourceVersion: String(random.pick(revisions)), resourceVersionMatch: 'Exact' }
}

function noteLost({ ledger }: Connection, object: KubeObject): void {
  const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner !== undefined) ledger.lostCreation(owner.uid)
}

function nameOf({ metadata }: KubeObject): string {
  const name = metadata.name ?? `${metadata.generateName ?? ''}*`
  return metadata.namespace === undefined ? name : `${metadata.namespace}/${name}`
}
