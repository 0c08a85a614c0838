import type { Shipment } from '../wire/shipped.ts'
import { addCounts } from './counts.ts'
import type { StageOutput, StagePlan } from './dataset-stage.ts'
import { findFiles } from './inputs.ts'
import type { Operator, Sink } from './plan.ts'
import { topOf } from './top.ts'

/**
 * Records that exist once they are asked for. Operators are put together and do nothing; `collect`, `count`, `reduce` and
 * `top` run them on the workers, in one pass, and may be called again. Functions must be synchronous; what they capture is
 * read when the work starts.
 */
export interface Dataset<T> {
  /** One record for each. */
  map<R>(fn: (record: T) => R): Dataset<R>
  /** Any number of records for each. */
  flatMap<R>(fn: (record: T) => Iterable<R>): Dataset<R>
  /** The records for which `fn` says true. */
  filter(fn: (record: T) => boolean): Dataset<T>
  /** How often each key occurs. Keys are compared as a Map does. Counted on the workers, merged at the driver. */
  countBy<K>(keyOf: (record: T) => K): Dataset<readonly [key: K, count: number]>
  /** The `n` records for which `by` is highest, highest first. */
  top(n: number, by: (record: T) => number): Promise<T[]>
  /** All records, in the order of the input. */
  collect(): Promise<T[]>
  count(): Promise<number>
  /** All records made into one; undefined where there is none. `fn` must not mind how they are grouped. */
  reduce(fn: (left: T, right: T) => T): Promise<T | undefined>
}

/** Text of files. A record is a piece of a file, cut between lines; how large is not promised beyond the block size. */
export interface TextDataset extends Dataset<string> {
  /** A record is a whole file. */
  wholeFiles(): Dataset<string>
  /** A record is a line, without its end. */
  lines(): Dataset<string>
}

export interface FilesOptions {
  /** The largest piece of a file that is handed to a function, unless a line is longer. Default 8 MiB. */
  readonly blockBytes?: number
  /** Stops the work. */
  readonly signal?: AbortSignal
}

/** What datasets need of a session. */
export interface DatasetHost {
  ship(fn: (...args: never[]) => unknown): Promise<Shipment>
  run(plan: StagePlan, output: Omit<StageOutput, 'progressed'>, signal: AbortSignal | undefined): Promise<void>
}

type AnyFunction = (...args: never[]) => unknown

interface Description {
  readonly input: () => StagePlan['input'] | Promise<StagePlan['input']>
  readonly operators: readonly Operator<AnyFunction>[]
  readonly signal: AbortSignal | undefined
  /** Records that the driver already has need no worker where nothing is to be done to them. */
  readonly atDriver: boolean
}

const DEFAULT_BLOCK_BYTES = 8 * 1024 * 1024

/** Small enough for what a function makes of it to live and die in the caches of a processor. */
const DEFAULT_RECORD_BYTES = 256 * 1024

export function filesDataset(host: DatasetHost, patterns: readonly string[], options: FilesOptions): TextDataset {
  const blockBytes = options.blockBytes ?? DEFAULT_BLOCK_BYTES
  const recordBytes = options.blockBytes ?? DEFAULT_RECORD_BYTES
  const found = (wholeFiles: boolean): Description => ({
    input: () => ({ files: findFiles(patterns), blockBytes, ...(wholeFiles ? {} : { recordBytes }) }),
    operators: [],
    signal: options.signal,
    atDriver: false,
  })
  const texts = found(false)
  return {
    ...datasetOf<string>(host, texts),
    wholeFiles: () => datasetOf(host, found(true)),
    lines: () => datasetOf(host, { ...texts, operators: [{ kind: 'lines' }] }),
  }
}

function datasetOf<T>(host: DatasetHost, from: Description): Dataset<T> {
  const then = <R>(operator: Operator<AnyFunction>): Dataset<R> =>
    datasetOf(host, { ...from, operators: [...from.operators, operator] })
  const collect = async () => {
    const input = await from.input()
    if (from.atDriver && from.operators.length === 0) return input as T[]
    const results = await resultsOf(host, from, { kind: 'collect' })
    return results.flat(1) as T[]
  }
  return {
    map: (fn) => then({ kind: 'map', fn }),
    flatMap: (fn) => then({ kind: 'flatMap', fn }),
    filter: (fn) => then({ kind: 'filter', fn }),
    countBy: <K>(keyOf: (record: T) => K) =>
      datasetOf<readonly [K, number]>(host, {
        input: async () => [...(await countsOf(host, from, keyOf))],
        operators: [],
        signal: from.signal,
        atDriver: true,
      }),
    collect,
    async top(n, by) {
      if (from.atDriver && from.operators.length === 0) return topOf(await collect(), n, by)
      const results = await resultsOf(host, from, { kind: 'top', n, fn: by })
      return topOf(results.flat(1) as T[], n, by)
    },
    async count() {
      if (from.atDriver && from.operators.length === 0) return (await collect()).length
      const results = (await resultsOf(host, from, { kind: 'count' })) as number[][]
      return results.reduce((sum, [count]) => sum + count!, 0)
    },
    async reduce(fn) {
      const results = await resultsOf(host, from, { kind: 'reduce', fn })
      const values = results.flat(1) as T[]
      return values.length === 0 ? undefined : values.reduce(fn)
    },
  }
}

/** What each task gave, in the order of the input. */
async function resultsOf(host: DatasetHost, from: Description, sink: Sink<AnyFunction>): Promise<unknown[][]> {
  const results: { order: number; values: unknown[] }[] = []
  await run(host, from, sink, {
    result: (order, values) => void results.push({ order, values }),
    part: () => {},
  })
  return results.sort((left, right) => left.order - right.order).map(({ values }) => values)
}

async function countsOf<K>(host: DatasetHost, from: Description, keyOf: AnyFunction): Promise<Map<K, number>> {
  const totals = new Map<K, number>()
  await run(host, from, { kind: 'countBy', fn: keyOf }, { result: () => {}, part: (part) => addCounts(totals, part) })
  return totals
}

async function run(
  host: DatasetHost,
  from: Description,
  sink: Sink<AnyFunction>,
  output: Omit<StageOutput, 'progressed'>,
): Promise<void> {
  // All functions are shipped before anything is awaited: what they capture is what it is now.
  const operators = Promise.all(
    from.operators.map(async (operator): Promise<Operator<Shipment>> =>
      operator.kind === 'lines' ? operator : { ...operator, fn: await host.ship(operator.fn) },
    ),
  )
  const shippedSink: Promise<Sink<Shipment>> =
    'fn' in sink ? host.ship(sink.fn).then((fn) => ({ ...sink, fn })) : Promise.resolve(sink)
  const [shippedOperators, end, input] = await Promise.all([operators, shippedSink, from.input()])
  const name = [...from.operators.map(({ kind }) => kind), sink.kind].join(' ')
  await host.run({ name, input, operators: shippedOperators, sink: end }, output, from.signal)
}
