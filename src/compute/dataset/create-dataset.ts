import type { FileFormat, FilesSource, S3Options } from '../sources/files-source.ts'
import { writeDataset } from '../sinks/write-dataset.ts'
import { collect, count, iterate, reduce, take, top } from './actions.ts'
import type { Plan } from './actions.ts'
import type {
  CsvOptions,
  Dataset,
  JoinOptions,
  ShuffleOptions,
  TextDataset,
  WriteCsvOptions,
  WriteOptions,
  WriteParquetOptions,
} from './dataset.ts'
import { explain } from './explain.ts'
import type { DatasetHost } from './host.ts'
import type { AnyFunction, Node } from './node.ts'
import type { CsvFormat, Operator } from './plan.ts'

export interface FilesOptions {
  /** The largest piece of a file that is handed to a function, unless a line is longer. Default 8 MiB. */
  readonly blockBytes?: number
  /** For `s3://` URIs. */
  readonly s3?: S3Options
  /** Stops the work. */
  readonly signal?: AbortSignal
}

const DEFAULT_BLOCK_BYTES = 8 * 1024 * 1024

/** Small enough for what a function makes of it to live and die in the caches of a processor. */
const DEFAULT_RECORD_BYTES = 256 * 1024

const DEFAULT_BATCH = 1000

export function recordsDataset<T>(
  host: DatasetHost,
  records: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): Dataset<T> {
  const isHeld = Array.isArray(records) || records instanceof Set || records instanceof Map
  const node: Node = isHeld ? { kind: 'records', records: [...records] } : { kind: 'stream', source: records }
  return datasetOf<T>({ host, node, signal })
}

export function filesDataset(host: DatasetHost, patterns: readonly string[], options: FilesOptions): TextDataset {
  const blockBytes = options.blockBytes ?? DEFAULT_BLOCK_BYTES
  const recordBytes = options.blockBytes ?? DEFAULT_RECORD_BYTES
  const s3 = options.s3 === undefined ? {} : { s3: options.s3 }
  const as = (format: FileFormat): Plan => {
    const source: FilesSource = { patterns, blockBytes, format, ...s3 }
    return { host, node: { kind: 'files', source }, signal: options.signal }
  }
  const text = as({ kind: 'text', recordBytes })
  return {
    ...datasetOf<string>(text),
    wholeFiles: () => datasetOf(as({ kind: 'whole' })),
    binaryFiles: () => datasetOf(as({ kind: 'binary' })),
    lines: () => narrowed(text, { kind: 'lines' }),
    jsonLines: ({ malformed = 'fail' } = {}) => narrowed(text, { kind: 'jsonLines', malformed }),
    csv: (csv = {}) => datasetOf(as({ kind: 'csv', format: csvFormat(csv) })),
    parquet: ({ columns, malformed = 'fail' } = {}) =>
      datasetOf(as({ kind: 'parquet', malformed, ...(columns === undefined ? {} : { columns }) })),
    arrow: () => datasetOf(as({ kind: 'arrow' })),
  }
}

function csvFormat({ delimiter = ',', header = true, types = {}, malformed = 'fail' }: CsvOptions): CsvFormat {
  return { delimiter, types, malformed, header: header === true, ...(Array.isArray(header) ? { columns: header } : {}) }
}

function narrowed<R>({ host, node, signal }: Plan, operator: Operator<AnyFunction>): Dataset<R> {
  return datasetOf({ host, signal, node: { kind: 'narrow', input: node, operator } })
}

function datasetOf<T>(plan: Plan): Dataset<T> {
  return { ...narrowOperators(plan), ...wideOperators(plan), ...actionsOn<T>(plan) } as unknown as Dataset<T>
}

/** What goes over each record as it passes. */
function narrowOperators(plan: Plan) {
  const then = (operator: Operator<AnyFunction>) => narrowed(plan, operator)
  const batches = (fn: AnyFunction, size = DEFAULT_BATCH, arrow: boolean) =>
    then({ kind: 'mapBatches', fn, size, arrow })
  return {
    map: (fn: AnyFunction, options: { concurrency?: number } = {}) => then({ kind: 'map', fn, ...options }),
    flatMap: (fn: AnyFunction) => then({ kind: 'flatMap', fn }),
    filter: (fn: AnyFunction) => then({ kind: 'filter', fn }),
    mapBatches: (fn: AnyFunction, options: { size?: number } = {}) => batches(fn, options.size, false),
    mapTables: (fn: AnyFunction, options: { size?: number } = {}) => batches(fn, options.size, true),
    keyBy: (fn: AnyFunction) => then({ kind: 'keyBy', fn }),
    mapValues: (fn: AnyFunction) => then({ kind: 'mapValues', fn }),
    sample: (fraction: number, options: { seed?: number } = {}) =>
      then({ kind: 'sample', fraction, seed: options.seed ?? plan.host.seed() }),
  }
}

/** What brings records together that lie apart. */
function wideOperators({ host, node: input, signal }: Plan) {
  const then = (node: Node) => datasetOf({ host, node, signal })
  return {
    groupBy: (fn: AnyFunction, options: ShuffleOptions = {}) => then({ kind: 'groupBy', input, fn, ...options }),
    groupByKey: (options: ShuffleOptions = {}) => then({ kind: 'groupBy', input, fn: 'pair', ...options }),
    mapGroups: (keyOf: AnyFunction, fn: AnyFunction, options?: ShuffleOptions) =>
      overGroups({ host, node: input, signal }, keyOf, { kind: 'mapGroups', fn }, options),
    flatMapGroups: (keyOf: AnyFunction, fn: AnyFunction, options?: ShuffleOptions) =>
      overGroups({ host, node: input, signal }, keyOf, { kind: 'flatMapGroups', fn }, options),
    reduceByKey: (fn: AnyFunction, options: ShuffleOptions = {}) =>
      then({ kind: 'reduceByKey', input, fn, ...options }),
    countBy: (fn: AnyFunction) => then({ kind: 'countBy', input, fn }),
    join: (other: Dataset<unknown>, { how = 'inner', broadcast, partitions }: JoinOptions = {}) =>
      then({ kind: 'join', input, other: nodeOf(other), how, broadcast, partitions }),
    sort: (fn?: AnyFunction, { descending = false }: { descending?: boolean } = {}) =>
      then({ kind: 'sort', input, descending, ...(fn === undefined ? {} : { fn }) }),
    distinct: () => then({ kind: 'distinct', input }),
    zipWithIndex: () => then({ kind: 'zipWithIndex', input }),
    repartition: (partitions: number) => then({ kind: 'repartition', input, partitions }),
    cache: () => then({ kind: 'cache', input, cell: { made: undefined } }),
  }
}

function overGroups(
  { host, node: input, signal }: Plan,
  fn: AnyFunction,
  operator: Operator<AnyFunction>,
  options: ShuffleOptions = {},
) {
  const groups: Node = { kind: 'groupBy', input, fn, streamed: true, ...options }
  return narrowed({ host, node: groups, signal }, operator)
}

/** How one dataset finds the plan of another that it is joined with. */
const PLAN = Symbol('plan')

function nodeOf(dataset: Dataset<unknown>): Node {
  return (dataset as unknown as { [PLAN]: Plan })[PLAN].node
}

function actionsOn<T>(plan: Plan) {
  return {
    [PLAN]: plan,
    collect: () => collect<T>(plan),
    iterate: () => iterate<T>(plan),
    take: (n: number) => take<T>(plan, n),
    count: () => count(plan),
    reduce: (fn: (left: T, right: T) => T) => reduce(plan, fn),
    top: (n: number, by: (record: T) => number) => top(plan, n, by),
    explain: () => explain(plan),
    writeText: (to: string, options: WriteOptions = {}) => writeDataset(plan, to, { kind: 'text' }, options),
    writeJsonLines: (to: string, options: WriteOptions = {}) => writeDataset(plan, to, { kind: 'jsonLines' }, options),
    writeCsv: (to: string, { delimiter = ',', header = true, columns, ...options }: WriteCsvOptions = {}) =>
      writeDataset(
        plan,
        to,
        { kind: 'csv', delimiter, header, ...(columns === undefined ? {} : { columns }) },
        options,
      ),
    writeParquet: (to: string, { rowGroupRows = 100_000, types, ...options }: WriteParquetOptions = {}) =>
      writeDataset(plan, to, { kind: 'parquet', rowGroupRows, ...(types === undefined ? {} : { types }) }, options),
  }
}
