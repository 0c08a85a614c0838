import { sharedMemoryAt } from '../wire/shared-memory.ts'
import type { ShippedFunction } from '../wire/shipped.ts'
import { decodeValue } from '../wire/values.ts'
import { hasShared, UNREACHABLE } from './call-program.ts'
import { CallRun } from './call-run.ts'
import type { CallRunHost } from './call-run.ts'
import { Gate } from './gate.ts'
import type { Outcome, ProgramHost, StageProgram } from './program.ts'

export interface ActorOptions {
  readonly type: ShippedFunction
  readonly args: readonly unknown[]
  /** How many calls may be under way. */
  readonly concurrency: number
  /** What `saveState` gave before its last thread was lost. */
  readonly state?: { readonly value: unknown }
  readonly memory?: string
}

/** What an actor may do beside what its author calls it for. */
interface Instance {
  readonly [method: string]: unknown
  /** What `restoreState` of a successor is given; asked for whenever results go out. */
  saveState?(): unknown
  restoreState?(state: unknown): void
}

/** Makes one object of a class, and calls its methods in the order in which the calls were made. */
export function createActorProgram(bytes: Uint8Array, host: ProgramHost): StageProgram {
  const options = decodeValue(bytes) as ActorOptions
  const made = make(options, host)
  const memory = options.memory === undefined ? undefined : sharedMemoryAt(options.memory)
  const state =
    'instance' in made && made.instance.saveState !== undefined ? () => made.instance.saveState?.() : undefined
  const runHost: CallRunHost = {
    call(method, ...args) {
      if ('failure' in made) throw made.failure
      return methodOf(made.instance, method as string).apply(made.instance, args)
    },
    gate: new Gate(options.concurrency),
    memory,
    ...(state === undefined ? {} : { state }),
  }
  /** The calls of earlier tasks are begun before those of later ones. */
  let issuing: Promise<void> | undefined
  const issue = (run: CallRun): Promise<void> | undefined => {
    const begun = issuing === undefined ? run.issue() : issuing.then(() => run.issue())
    if (begun === undefined) return undefined
    const mine = begun.finally(() => {
      if (issuing === mine) issuing = undefined
    })
    issuing = mine
    return mine
  }
  return {
    isConcurrent: true,
    run(payload, attempt): Outcome | Promise<Outcome> {
      if (memory === undefined && hasShared(payload)) return UNREACHABLE
      const run = new CallRun(runHost, payload, attempt)
      const issued = issue(run)
      return issued === undefined ? run.outcome() : issued.then(() => run.outcome())
    },
    close() {
      if ('instance' in made) dispose(made.instance)
    },
  }
}

/** A constructor that fails does so for each call. */
function make(options: ActorOptions, host: ProgramHost): { instance: Instance } | { failure: unknown } {
  try {
    const type = host.revive(options.type) as unknown as new (...args: readonly unknown[]) => Instance
    const instance = new type(...options.args)
    if (options.state !== undefined) instance.restoreState?.(options.state.value)
    return { instance }
  } catch (failure) {
    return { failure }
  }
}

function methodOf(instance: Instance, name: string): (...args: readonly unknown[]) => unknown {
  const method = instance[name]
  if (typeof method !== 'function') {
    throw new TypeError(
      `Cannot call "${name}" of ${instance.constructor.name}: it is ${typeof method}, expected a method`,
    )
  }
  return method as (...args: readonly unknown[]) => unknown
}

function dispose(instance: object): void {
  const { [Symbol.dispose]: end, [Symbol.asyncDispose]: endLater } = instance as Partial<Disposable & AsyncDisposable>
  if (end !== undefined) end.call(instance)
  else void endLater?.call(instance)
}
