import { encodeCounts } from './counts.ts'
import type { Sink } from './plan.ts'
import { topOf } from './top.ts'
import { ownString } from './own-string.ts'

/** The end of a pipeline on a thread: takes records, and gives what came of them by task, or once for all tasks. */
export interface SinkState {
  readonly add: (record: unknown) => void
  /** What the records since the last call came to: the result of one task. */
  take?(): unknown[]
  /** What all records came to: the thread's part of the stage. Starts anew. */
  collect?(): Uint8Array
}

export function createSink(sink: Sink<(value: never) => unknown>): SinkState {
  switch (sink.kind) {
    case 'collect':
      return collectSink()
    case 'count':
      return countSink()
    case 'countBy':
      return countBySink(sink.fn as (record: unknown) => unknown)
    case 'reduce':
      return reduceSink(sink.fn as unknown as (left: unknown, right: unknown) => unknown)
    case 'top':
      return topSink(sink.n, sink.fn as unknown as (record: unknown) => number)
  }
}

/** Keeps a few times as many records as are wanted, and thins them out when there are more. */
function topSink(n: number, by: (record: unknown) => number): SinkState {
  let held: unknown[] = []
  return {
    add(record) {
      held.push(record)
      if (held.length >= 8 * n + 1024) held = topOf(held, n, by)
    },
    take() {
      const taken = topOf(held, n, by)
      held = []
      return taken
    },
  }
}

function collectSink(): SinkState {
  let records: unknown[] = []
  return {
    add: (record) => void records.push(record),
    take() {
      const taken = records
      records = []
      return taken
    },
  }
}

function countSink(): SinkState {
  let count = 0
  return {
    add: () => void count++,
    take() {
      const taken = count
      count = 0
      return [taken]
    },
  }
}

/** The result of a task is empty where it had no record, else the one value that its records were reduced to. */
function reduceSink(fn: (left: unknown, right: unknown) => unknown): SinkState {
  let held: unknown[] = []
  return {
    add: (record) => void (held = held.length === 0 ? [record] : [fn(held[0], record)]),
    take() {
      const taken = held
      held = []
      return taken
    },
  }
}

/** One look-up for each record: the map says where in the array of counts its key has its place. */
function countBySink(keyOf: (record: unknown) => unknown): SinkState {
  let places = new Map<unknown, number>()
  let counts = new Float64Array(1024)
  return {
    add(record) {
      const key = keyOf(record)
      const place = places.get(key)
      if (place !== undefined) {
        counts[place]!++
        return
      }
      const added = places.size
      if (added === counts.length) {
        const wider = new Float64Array(counts.length * 2)
        wider.set(counts)
        counts = wider
      }
      counts[added] = 1
      places.set(typeof key === 'string' ? ownString(key) : key, added)
    },
    collect() {
      const part = encodeCounts([...places.keys()], counts.subarray(0, places.size))
      places = new Map()
      counts = new Float64Array(1024)
      return part
    },
  }
}
