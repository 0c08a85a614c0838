import { SHARED_FLAG } from '../wire/calls.ts'
import { STATUS } from '../wire/messages.ts'
import { readU32 } from '../wire/pack.ts'
import { sharedMemoryAt } from '../wire/shared-memory.ts'
import type { ShippedFunction } from '../wire/shipped.ts'
import { decodeValue } from '../wire/values.ts'
import { CallRun } from './call-run.ts'
import type { CallRunHost } from './call-run.ts'
import { Gate } from './gate.ts'
import type { Outcome, ProgramHost, StageProgram } from './program.ts'

export interface CallOptions {
  readonly fn: ShippedFunction
  /** The directory in shared memory for large results. */
  readonly memory?: string
}

/** Runs the calls of a task one after another, awaiting what they promise, and gives the result of each. */
export function createCallProgram(options: Uint8Array, host: ProgramHost): StageProgram {
  const { fn, memory: directory } = decodeValue(options) as CallOptions
  const call = host.revive(fn) as CallRunHost['call']
  const memory = directory === undefined ? undefined : sharedMemoryAt(directory)
  return {
    run(payload, attempt) {
      if (memory === undefined && hasShared(payload)) return UNREACHABLE
      // A task has the thread to itself, also while it waits for what it asked of the session and another runs.
      return runAll(new CallRun({ call, gate: new Gate(1), memory }, payload, attempt))
    },
  }
}

/** Some of the arguments are in shared memory. */
export const hasShared = (payload: Uint8Array) => readU32(payload, 0) >= SHARED_FLAG

export const UNREACHABLE: Outcome = { status: STATUS.unreachable, payload: new Uint8Array(0) }

function runAll(run: CallRun): Outcome | Promise<Outcome> {
  const issued = run.issue()
  return issued === undefined ? run.outcome() : issued.then(() => run.outcome())
}
