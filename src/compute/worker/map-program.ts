import { recordError } from '../wire/error-record.ts'
import type { ShippedFunction } from '../wire/shipped.ts'
import { decodeValue, decodeValues } from '../wire/values.ts'
import { CANCELLED, failed, succeeded } from './failure.ts'
import type { Outcome, ProgramHost, StageProgram } from './program.ts'

export interface MapOptions {
  readonly fn: ShippedFunction
  /**
   * `fold`: the function makes one of two, and a task gives one value, what it makes of all its items from the first to the
   * last. `settled`: each result is `[0, value]` or `[1, error record]`, and none fails the task.
   */
  readonly mode?: 'fold' | 'settled'
}

type MapFunction = (item: unknown, index: number) => unknown

/**
 * Applies one function to each item of a task. The payload is the index of the first item (a 64-bit float) and the items;
 * the result is the list of what the function gave. Items run one after another, promises are awaited.
 */
export function createMapProgram(options: Uint8Array, host: ProgramHost): StageProgram {
  const { fn: shipped, mode } = decodeValue(options) as MapOptions
  const revived = host.revive(shipped) as MapFunction
  if (mode === 'fold') return createFoldProgram(revived as (left: unknown, right: unknown) => unknown, host)
  const fn = mode === 'settled' ? settling(revived) : revived
  return {
    run(payload) {
      const first = new DataView(payload.buffer, payload.byteOffset).getFloat64(0, true)
      const items = decodeValues(payload.subarray(8))
      return mapFrom(fn, items, 0, first, [], host)
    },
  }
}

/** The same function, whose failures are results. */
function settling(fn: MapFunction): MapFunction {
  const gave = (value: unknown) => [0, value] as const
  const threw = (error: unknown) => [1, recordError(error)] as const
  return (item, index) => {
    try {
      const result = fn(item, index)
      return isThenable(result) ? result.then(gave, threw) : gave(result)
    } catch (thrown) {
      return threw(thrown)
    }
  }
}

function createFoldProgram(fn: (left: unknown, right: unknown) => unknown, host: ProgramHost): StageProgram {
  const fold = async (items: readonly unknown[]): Promise<Outcome> => {
    let made = items[0]
    let index = 1
    try {
      for (; index < items.length; index++) {
        if (host.isCancelled()) return CANCELLED
        const next = fn(made, items[index])
        made = isThenable(next) ? await next : next
      }
    } catch (thrown) {
      return failed(thrown, index)
    }
    return succeeded([made], () => 'result')
  }
  return { run: (payload) => fold(decodeValues(payload.subarray(8))) }
}

/** Runs on without promises for as long as the function gives none: most do not, and each costs a turn. */
function mapFrom(
  fn: MapFunction,
  items: readonly unknown[],
  from: number,
  first: number,
  results: unknown[],
  host: ProgramHost,
): Outcome | Promise<Outcome> {
  for (let index = from; index < items.length; index++) {
    if (host.isCancelled()) return CANCELLED
    let result: unknown
    try {
      result = fn(items[index], first + index)
    } catch (thrown) {
      return failed(thrown, index, results)
    }
    if (isThenable(result)) {
      return Promise.resolve(result).then(
        (value) => {
          results.push(value)
          return mapFrom(fn, items, index + 1, first, results, host)
        },
        (thrown: unknown) => failed(thrown, index, results),
      )
    }
    results.push(result)
  }
  return succeeded(results, () => 'result')
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
