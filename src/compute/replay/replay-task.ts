import { compileFunction } from 'node:vm'
import { reviveError } from '../wire/error-record.ts'
import { CALL_STATUS, eachResult } from '../wire/calls.ts'
import { STATUS } from '../wire/messages.ts'
import { Unpacker } from '../wire/pack.ts'
import { createReviver } from '../wire/revive.ts'
import type { ShippedFunction } from '../wire/shipped.ts'
import type { TaskFailure } from '../wire/task-failure.ts'
import { decodeValue, decodeValues } from '../wire/values.ts'
import { createActorProgram } from '../worker/actor-program.ts'
import { createAttempt } from '../worker/attempts.ts'
import { createCallProgram } from '../worker/call-program.ts'
import { loadProgram } from '../worker/load-program.ts'
import { createMapProgram } from '../worker/map-program.ts'
import type { PartStore } from '../worker/part-store.ts'
import type { CreateProgram, Outcome } from '../worker/program.ts'
import { TaskError } from '../errors.ts'
import type { FailedTask } from './failed-task.ts'

/** What came of a task that was run again. */
export type Replayed =
  | { readonly isDone: true; readonly values: readonly unknown[] | undefined }
  | { readonly isDone: false; readonly error: unknown }

const BUILT_IN: Readonly<Record<string, CreateProgram>> = {
  map: createMapProgram,
  call: createCallProgram,
  actor: createActorProgram,
}

/**
 * Runs the task in this thread, with its functions and its input as a worker had them. With `stops` a debugger stops before each
 * call of the user's function, if one is attached.
 */
export async function replayTask(task: FailedTask, { stops = false } = {}): Promise<Replayed> {
  const reviver = createReviver()
  for (const piece of task.code) reviver.addCode(piece)
  const revive = (shipped: ShippedFunction) => {
    const fn = reviver.revive(shipped)
    return stops ? stoppingAt(fn) : fn
  }
  const create =
    typeof task.program === 'string' ? BUILT_IN[task.program]! : loadProgram(task.program.source, task.program.hash)
  const program = create(task.options, { revive, isCancelled: () => false, parts: NO_PARTS })
  const emitted: Uint8Array[] = []
  const outcome = await program.run(task.payload, {
    ...createAttempt({ stage: 1, task: 1, attempt: 1, thread: 0 }, ATTEMPT_HOST),
    emit: (payload) => void emitted.push(payload),
    // Nobody takes what a generator yields, and nobody keeps it from going on.
    credit: () => undefined,
  })
  return task.program === 'call' ? calledOf(outcome, emitted) : replayedOf(task, outcome)
}

/** The user's function, with a stop before it: one step into it is where it begins. */
function stoppingAt(fn: (...args: never[]) => unknown): (...args: never[]) => unknown {
  const source = 'return function (...args) { debugger; return fn.apply(this, args) }'
  const wrap = compileFunction(source, ['fn']) as (inner: typeof fn) => typeof fn
  return wrap(fn)
}

const ATTEMPT_HOST = {
  send() {},
  tell() {},
  look() {},
  waited() {},
  running: new Int32Array(3),
}

const gone = () =>
  Promise.reject(new Error('Cannot fetch parts of a shuffle: they went with the run, expected a task without'))
const NO_PARTS: PartStore = { home: gone, fetch: gone }

function replayedOf({ program }: FailedTask, { status, payload }: Outcome): Replayed {
  if (status === STATUS.failed) return { isDone: false, error: errorOf(decodeValue(payload) as TaskFailure) }
  return { isDone: true, values: program === 'map' ? decodeValues(payload) : undefined }
}

function calledOf({ payload }: Outcome, emitted: readonly Uint8Array[]): Replayed {
  const values: unknown[] = []
  let failure: TaskFailure | undefined
  for (const bytes of [...emitted, payload]) {
    eachResult(bytes, (_index, status, _micros, start) => {
      const value = new Unpacker(bytes, start).value()
      if (status === CALL_STATUS.failed) failure = value as TaskFailure
      else values.push(value)
    })
  }
  return failure === undefined ? { isDone: true, values } : { isDone: false, error: errorOf(failure) }
}

function errorOf(failure: TaskFailure): unknown {
  if (failure.kind === 'threw')
    return reviveError(failure.error, ({ className, message }) => new TaskError(className, message))
  return new TypeError(`Cannot send "${failure.path}" to the driver: it is ${failure.what}`)
}
