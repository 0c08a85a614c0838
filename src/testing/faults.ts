import { apiError } from '../api/meta/status.ts'
import type { StatusReason } from '../api/meta/status.ts'
import { groupResourceOf } from '../api/resource-type.ts'
import type { Verb } from '../api/resource-type.ts'
import { modified } from '../apiserver/verbs/failure.ts'
import type { CollectionTarget, ObjectTarget, RequestContext } from '../apiserver/verbs/request.ts'
import type { Verbs } from '../apiserver/verbs/verbs.ts'
import { sleep } from '../env/clock.ts'
import { systemEnvironment } from '../env/system.ts'

/** Requests over HTTPS, by what is said of them: what is left out fits all. */
export interface RequestMatch {
  readonly verb?: Verb
  /** The plural, such as `deployments`. */
  readonly resource?: string
  /** Such as `status`; `''` for those of the object itself. */
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  /** Who asks, such as `system:serviceaccount:default:operator`. */
  readonly user?: string
}

/** What becomes of requests. */
export interface Fault extends RequestMatch {
  /** They are refused so, with the code that belongs to it: `Conflict`, `TooManyRequests`, `InternalError`, `Timeout`, ... */
  readonly reason?: StatusReason
  /** They are answered so many milliseconds of the machine's time later. */
  readonly delayMs?: number
  /** How many of them; those after are served as ever. Default 1. */
  readonly times?: number
}

/** A fault that waits for its requests; disposing of it takes it back. */
export interface InjectedFault extends Disposable {
  /** Requests that it has met. */
  readonly hits: number
}

/** What goes wrong between a cluster and those who talk to it. */
export interface Faults {
  inject(fault: Fault): InjectedFault
  /** Ends the watches that fit, as a server does that goes away; resolves to how many they were. */
  cutWatches(which?: Omit<RequestMatch, 'verb' | 'subresource'>): number
  /** The verbs with what goes wrong of them. */
  around(verbs: Verbs): Verbs
}

type Asked = Required<RequestMatch>

interface OpenWatch {
  readonly asked: Asked
  cut(): void
}

/** Faults in the order in which they were injected: the first that fits a request is its own. */
export function createFaults(): Faults {
  const waiting = new Set<{ readonly fault: Fault; left: number; hits: number }>()
  const watches = new Set<OpenWatch>()

  const meet = async (verb: Verb, context: RequestContext, target: CollectionTarget) => {
    const asked = askedOf(verb, context, target)
    for (const one of waiting) {
      if (!fits(one.fault, asked)) continue
      one.hits += 1
      if (--one.left <= 0) waiting.delete(one)
      const { delayMs = 0, reason } = one.fault
      if (delayMs > 0) await sleep(systemEnvironment().timers, delayMs, context.signal)
      if (reason !== undefined) throw refusal(reason, asked, target)
      return
    }
  }
  const before =
    <R, A extends readonly unknown[], T extends CollectionTarget>(
      verb: Verb,
      act: (context: RequestContext, target: T, ...rest: A) => Promise<R>,
    ) =>
    async (context: RequestContext, target: T, ...rest: A): Promise<R> => {
      await meet(verb, context, target)
      return await act(context, target, ...rest)
    }

  return {
    inject(fault) {
      const one = { fault, left: fault.times ?? 1, hits: 0 }
      waiting.add(one)
      return {
        get hits() {
          return one.hits
        },
        [Symbol.dispose]: () => void waiting.delete(one),
      }
    },
    cutWatches(which = {}) {
      const cut = [...watches].filter(({ asked }) => fits(which, asked))
      for (const watch of cut) watch.cut()
      return cut.length
    },
    around: (verbs) => ({
      ...verbs,
      get: before('get', verbs.get),
      list: before('list', verbs.list),
      create: before('create', verbs.create),
      createSubresource: before('create', verbs.createSubresource),
      update: before('update', verbs.update),
      patch: before('patch', verbs.patch),
      delete: before('delete', verbs.delete),
      deleteCollection: before('deletecollection', verbs.deleteCollection),
      watch: cuttable(watches, before('watch', verbs.watch)),
    }),
  }
}

/** Remembers watches while they are open. */
function cuttable(watches: Set<OpenWatch>, begin: Verbs['watch']): Verbs['watch'] {
  return async (context, target, options, handler) => {
    const closed = (error?: Error) => {
      watches.delete(one)
      handler.closed(error)
    }
    const watch = await begin(context, target, options, { ...handler, closed })
    const close = () => {
      watches.delete(one)
      watch.close()
    }
    const one: OpenWatch = {
      asked: askedOf('watch', context, target),
      cut() {
        close()
        handler.closed()
      },
    }
    watches.add(one)
    return { close }
  }
}

function askedOf(verb: Verb, { user }: RequestContext, target: CollectionTarget & Partial<ObjectTarget>): Asked {
  const { resource, namespace = '', name = '', subresource = '' } = target
  return { verb, resource: resource.type.plural, subresource, namespace, name, user: user.name }
}

function fits(match: RequestMatch, asked: Asked): boolean {
  const { verb, resource, subresource, namespace, name, user } = match
  const wanted = { verb, resource, subresource, namespace, name, user }
  return Object.entries(wanted).every(([field, value]) => value === undefined || value === asked[field as keyof Asked])
}

/** In Kubernetes' words where clients know them. */
function refusal(reason: StatusReason, { verb, name }: Asked, { resource: { type } }: CollectionTarget): Error {
  if (reason === 'Conflict') return modified(type, name)
  const message = `${reason} was injected: ${verb} ${groupResourceOf(type)}${name === '' ? '' : ` "${name}"`}`
  const facts = { name, group: type.group, kind: type.plural }
  return apiError(reason, message, reason === 'TooManyRequests' ? { ...facts, retryAfterSeconds: 1 } : facts)
}
