import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import type { StageSpec } from '../coordinator/stage.ts'
import { ComputeError } from '../errors.ts'
import { removeOldest } from '../ship/remove-oldest.ts'
import type { ShippedCode } from '../wire/shipped.ts'

/** A task that failed for good, with all that it takes to run it again: its program, its functions, its input. */
export interface FailedTask {
  readonly format: 1
  readonly id: string
  /** The stage, and what of its work it was. */
  readonly name: string
  readonly what: string
  /** What it failed with, in words. */
  readonly error: string
  readonly program: StageSpec<unknown>['program']
  readonly options: Uint8Array
  readonly code: readonly ShippedCode[]
  readonly payload: Uint8Array
  readonly nodeVersion: string
  /** When it failed, in milliseconds since the epoch. */
  readonly atMs: number
}

const PREFIX = 'task-'
/** So many are kept in a directory, the newest; up to twice as many before the oldest go. */
const KEPT = 50

/** Writes the task where `shoal replay` finds it: only its user may read it, since it holds what the run was given. */
export function writeFailedTask(directory: string, task: FailedTask): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeFileSync(join(directory, `${PREFIX}${task.id}`), serialize(task), { mode: 0o600 })
  removeOldest(directory, PREFIX, KEPT)
}

/** The task of that name, or the newest of the run of that name. Throws a {@link ComputeError} where there is none. */
export function readFailedTask(directory: string, id: string): FailedTask {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(join(directory, `${PREFIX}${id}`))
  } catch (cause) {
    const message = `Cannot replay "${id}": no such task was kept in ${directory}, expected the name that a failed run told`
    const hint = 'shoal run names each task that it keeps; the newest fifty are there'
    throw new ComputeError('SHOAL_NO_REPLAY', message, { cause, hint, facts: { id, directory } })
  }
  const task = deserialize(bytes) as FailedTask
  if (task.format === 1) return task
  const message = `Cannot replay "${id}": it was kept by another version of Shoal, expected one of this version`
  throw new ComputeError('SHOAL_NO_REPLAY', message, { facts: { id, directory } })
}
