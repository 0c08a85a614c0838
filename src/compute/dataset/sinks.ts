import { exchangersOf } from '../shuffle/exchange.ts'
import type { Exchanger } from '../shuffle/exchanger.ts'
import { createOutputFile } from '../shuffle/output-file.ts'
import type { OutputFile } from '../shuffle/output-file.ts'
import { RowBytes, writeSortKey } from '../shuffle/sort-key.ts'
import { createWriteSink } from '../sinks/write-sink.ts'
import type { PartStore } from '../worker/part-store.ts'
import type { PartHome } from '../wire/parts.ts'
import { countBySink } from './count-by-sink.ts'
import type { Sink } from './plan.ts'
import type { ColumnarFormats } from './program-parts.ts'
import type { SinkState } from './sink-state.ts'
import { topOf } from './top.ts'

type AnyFunction = (...args: never[]) => unknown

export function createSink(sink: Sink<AnyFunction>, parts: PartStore, formats: ColumnarFormats): SinkState {
  switch (sink.kind) {
    case 'collect':
      return collectSink(sink.limit ?? Infinity)
    case 'count':
      return countSink()
    case 'countBy':
      return countBySink(sink.fn as unknown as (record: unknown) => unknown)
    case 'reduce':
      return reduceSink(sink.fn as unknown as (left: unknown, right: unknown) => unknown)
    case 'top':
      return topSink(sink.n, sink.fn as unknown as (record: unknown) => number)
    case 'sampleKeys':
      return sampleSink(sink.most, sink.by as unknown as ((record: unknown) => unknown) | undefined)
    case 'shuffle':
      return shuffleSink(sink, parts)
    case 'write':
      return createWriteSink(sink.format, sink.target, formats)
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
    begin: () => void (held = []),
    take: () => topOf(held, n, by),
  }
}

function collectSink(limit: number): SinkState {
  let records: unknown[] = []
  return {
    add: (record) => void (records.length < limit && records.push(record)),
    begin: () => void (records = []),
    isFull: () => records.length >= limit,
    take() {
      const taken = records
      records = []
      return taken
    },
  }
}

function countSink(): SinkState {
  let count = 0
  return { add: () => void count++, begin: () => void (count = 0), take: () => [count] }
}

/** The result of a task is empty where it had no record, else the one value that its records were reduced to. */
function reduceSink(fn: (left: unknown, right: unknown) => unknown): SinkState {
  let held: unknown[] = []
  return {
    add: (record) => void (held = held.length === 0 ? [record] : [fn(held[0], record)]),
    begin: () => void (held = []),
    take: () => held,
  }
}

/** Keys of records at ever wider distances, so that those kept stand for all of the task. */
function sampleSink(most: number, by: ((record: unknown) => unknown) | undefined): SinkState {
  let keys: Uint8Array[] = []
  let every = 1
  let seen = 0
  const bytes = new RowBytes(1024)
  return {
    add(record) {
      if (seen++ % every !== 0) return
      bytes.length = 0
      writeSortKey(by === undefined ? record : by(record), bytes)
      keys.push(Uint8Array.from(bytes.bytes.subarray(0, bytes.length)))
      if (keys.length < 2 * most) return
      keys = keys.filter((_, index) => index % 2 === 0)
      every *= 2
    },
    begin() {
      keys = []
      every = 1
      seen = 0
    },
    take: () => [keys],
  }
}

type ShuffleSink = Extract<Sink<AnyFunction>, { readonly kind: 'shuffle' }>

function shuffleSink({ name, exchange, compress }: ShuffleSink, parts: PartStore): SinkState {
  const createExchanger = exchangersOf(exchange)
  let home: PartHome | undefined
  let file: OutputFile | undefined
  let exchanger: Exchanger | undefined
  const open = (at: PartHome) => {
    file = createOutputFile(at, name, compress)
    exchanger = createExchanger(file)
  }
  return {
    add: (record) => exchanger!.add(record),
    begin: () => (home === undefined ? parts.home().then((made) => open((home = made))) : open(home)),
    take() {
      exchanger!.finish()
      return [file!.finish()]
    },
    discard: () => file?.discard(),
  }
}
