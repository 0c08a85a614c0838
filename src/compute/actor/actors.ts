import type { Needs } from '../coordinator/stage.ts'
import { ComputeError } from '../errors.ts'
import { checkRoom } from '../task/check-room.ts'
import type { Calls, Submission } from '../task/calls.ts'
import type { Call } from '../task/call.ts'
import type { Shipper } from '../ship/ship.ts'
import { markHostValue } from '../ship/host-values.ts'
import type { Actor, ActorControl, ActorOptions } from './actor.ts'
import { createActorGroup } from './actor-group.ts'
import type { ActorGroup } from './actor-group.ts'

/** Objects on workers. */
export interface ActorApi {
  /**
   * Makes an object of the class on a worker, which keeps its state from call to call. The handle travels: tasks call it too.
   * Whatever is wrong with it is what its calls fail with.
   */
  actor<T extends object, A extends readonly unknown[]>(
    type: new (...args: A) => T,
    ...options: A extends readonly [] ? [options?: ActorOptions<A>] : [options: ActorOptions<A> & { readonly args: A }]
  ): Actor<T>
  /** The living actor of that name. */
  findActor<T extends object>(name: string): Actor<T> | undefined
  /** How an actor is, and how it is ended. */
  control(actor: Actor<object>): ActorControl
}

/** What a session needs to know of its actors beside. */
export interface Actors {
  readonly api: ActorApi
  /** Workers came or went. */
  look(): void
  /** What those need that have no place. */
  homeless(): readonly Needs[]
  /** The worker of that pod is to leave. */
  leave(pod: string): void
  why(): readonly string[]
  /** For what workers ask: a call of the actor with that id, and the id of one by its name. */
  call(id: string, from: Submission): Call | undefined
  idOf(name: string): string | undefined
}

interface Known {
  readonly id: string
  readonly group: ActorGroup
  readonly handle: Actor<object>
  readonly isExclusive: boolean
}

export function createActors(calls: Calls, shipper: Pick<Shipper, 'ship'>): Actors {
  const living = new Map<string, Known>()
  const byName = new Map<string, Known>()
  const byHandle = new WeakMap<object, Known>()
  let count = 0
  const create = (type: AnyClass, options: ActorOptions = {}): Actor<object> => {
    const name = options.name ?? (type.name || 'actor')
    if (options.name !== undefined && byName.has(name)) throw nameError(name)
    const id = `actor-${++count}`
    const group = createActorGroup({
      name,
      options,
      shipment: shipper.ship(type as never),
      host: calls.host(),
      onEnded() {
        living.delete(id)
        if (byName.get(name)?.id === id) byName.delete(name)
      },
    })
    const handle = handleOf(type, group, calls, id)
    const known: Known = { id, group, handle, isExclusive: (options.concurrency ?? 1) === 1 }
    living.set(id, known)
    if (options.name !== undefined) byName.set(name, known)
    byHandle.set(handle, known)
    const refusal = options.needs && checkRoom(name, options.needs, calls.host().coordinator)
    if (refusal !== undefined) group.kill(refusal)
    return handle
  }
  const api: ActorApi = {
    actor: create as ActorApi['actor'],
    findActor: <T extends object>(name: string) => byName.get(name)?.handle as Actor<T> | undefined,
    control(actor) {
      const known = byHandle.get(actor)
      if (known === undefined) throw new TypeError('Cannot control this: it is no actor of this session')
      return known.group
    },
  }
  return {
    api,
    look() {
      for (const { group } of living.values()) group.look()
    },
    homeless: () =>
      Array.from(living.values(), ({ group }) => group)
        .filter(({ state }) => state === 'homeless')
        .map(({ needs }) => needs ?? {}),
    leave(pod) {
      for (const { group } of living.values()) group.leave(pod)
    },
    why: () => [...living.values()].flatMap(({ group }) => group.why()),
    call(id, from) {
      const known = living.get(id)
      return known && calls.submitTo(known.group, [], { ...from, isExclusive: known.isExclusive })
    },
    idOf: (name) => byName.get(name)?.id,
  }
}

type AnyClass = new (...args: never[]) => object

/** What stands for the actor in the program: its methods, each made when it is first asked for. */
function handleOf(type: AnyClass, group: ActorGroup, calls: Calls, id: string): Actor<object> {
  const methods = new Map<string, (...args: readonly unknown[]) => unknown>()
  const methodOf = (name: string) => {
    let method = methods.get(name)
    if (method === undefined) {
      method = isGenerator((type.prototype as Record<string, unknown>)[name])
        ? (...args) => calls.streamFrom(group, [name, ...args])
        : (...args) => calls.submitTo(group, [name, ...args])
      methods.set(name, method)
    }
    return method
  }
  const handle = new Proxy(Object.freeze(Object.create(null) as object), {
    // Whoever awaits or prints it is not to call it.
    get: (_, name) => (typeof name === 'symbol' || name === 'then' || name === 'toJSON' ? undefined : methodOf(name)),
  })
  return markHostValue(handle, { name: 'actor', id }) as Actor<object>
}

function isGenerator(method: unknown): boolean {
  const text = Object.prototype.toString.call(method)
  return text === '[object AsyncGeneratorFunction]' || text === '[object GeneratorFunction]'
}

function nameError(name: string): ComputeError {
  return new ComputeError('SHOAL_ACTOR_NAME', `Cannot make an actor "${name}": one of that name lives`, {
    facts: { name },
  })
}
