import type { ParquetType } from '../sinks/parquet-columns.ts'
import type { S3Options } from '../sources/files-source.ts'
import type { JoinHow } from './plan.ts'

/**
 * Records that exist once they are asked for. Operators are put together and do nothing; what gives a promise or an iterator runs them
 * on the workers and may be called again. Functions may be asynchronous unless it is said otherwise; what they capture is read
 * when the work starts. They may run more than once for a record, where a worker is lost: let them give the same each time.
 *
 * Keys are primitives, Dates, or arrays and plain objects of these; they are equal where what is in them is.
 */
export interface Dataset<T> {
  /** One record for each, in their order; up to `concurrency` calls (default 1) are on their way at a time on each thread. */
  map<R>(fn: (record: T) => R, options?: { readonly concurrency?: number }): Dataset<Awaited<R>>
  /** Any number of records for each. */
  flatMap<R>(fn: (record: T) => Iterable<R> | PromiseLike<Iterable<R>>): Dataset<R>
  /** The records for which `fn` says true. */
  filter<S extends T>(fn: (record: T) => record is S): Dataset<S>
  filter(fn: (record: T) => boolean | PromiseLike<boolean>): Dataset<T>
  /** Any number of records for up to `size` records at a time (default 1,000), never of two tasks. */
  mapBatches<R>(
    fn: (batch: T[]) => Iterable<R> | PromiseLike<Iterable<R>>,
    options?: { readonly size?: number },
  ): Dataset<R>
  /** The same over an Arrow table (`apache-arrow`) of the batch; what is given may be a table too: its rows are the records. */
  mapTables<R>(
    fn: (table: ArrowTable) => Iterable<R> | PromiseLike<Iterable<R>>,
    options?: { readonly size?: number },
  ): Dataset<R>
  /** Pairs of what `keyOf` gives and the record. */
  keyBy<K>(keyOf: (record: T) => K): Dataset<readonly [key: Awaited<K>, record: T]>
  /** Pairs whose values are what `fn` gives for them. */
  mapValues<K, V, R>(this: Dataset<readonly [K, V]>, fn: (value: V) => R): Dataset<readonly [K, Awaited<R>]>
  /**
   * All records of each key, which must fit into a thread's memory: `mapGroups` streams them. `keyOf` is synchronous. In no order of keys.
   */
  groupBy<K>(keyOf: (record: T) => K, options?: ShuffleOptions): Dataset<readonly [key: K, records: T[]]>
  /** All values of each key of pairs. */
  groupByKey<K, V>(this: Dataset<readonly [K, V]>, options?: ShuffleOptions): Dataset<readonly [key: K, values: V[]]>
  /**
   * What `fn` gives for each key and its records, in the order of the input, however many these are: what memory has no room for lies on the
   * worker's disk. `records` can be gone over again and again until `fn` has ended. `keyOf` is synchronous, `fn` may not be. In no
   * order of keys.
   */
  mapGroups<K, R>(
    keyOf: (record: T) => K,
    fn: (key: K, records: Iterable<T>) => R,
    options?: ShuffleOptions,
  ): Dataset<Awaited<R>>
  /** The same where `fn` gives any number of records, such as a generator, which is read as these go on. */
  flatMapGroups<K, R>(
    keyOf: (record: T) => K,
    fn: (key: K, records: Iterable<T>) => Iterable<R> | PromiseLike<Iterable<R>>,
    options?: ShuffleOptions,
  ): Dataset<R>
  /**
   * The values of each key made into one. `fn` is synchronous and must not mind how they are grouped: it is applied before they travel
   * and after.
   */
  reduceByKey<K, V>(
    this: Dataset<readonly [K, V]>,
    fn: (left: V, right: V) => V,
    options?: ShuffleOptions,
  ): Dataset<readonly [key: K, value: V]>
  /** How often each key occurs. `keyOf` is synchronous. */
  countBy<K>(keyOf: (record: T) => K): Dataset<readonly [key: K, count: number]>
  /** Each pair of values that two datasets of pairs have under one key; see {@link JoinOptions}. */
  join<K, V, W>(
    this: Dataset<readonly [K, V]>,
    other: Dataset<readonly [K, W]>,
    options?: JoinOptions<'inner'>,
  ): Dataset<readonly [key: K, values: readonly [V, W]]>
  join<K, V, W>(
    this: Dataset<readonly [K, V]>,
    other: Dataset<readonly [K, W]>,
    options: JoinOptions<'left'>,
  ): Dataset<readonly [key: K, values: readonly [V, W | undefined]]>
  join<K, V, W>(
    this: Dataset<readonly [K, V]>,
    other: Dataset<readonly [K, W]>,
    options: JoinOptions<'right'>,
  ): Dataset<readonly [key: K, values: readonly [V | undefined, W]]>
  join<K, V, W>(
    this: Dataset<readonly [K, V]>,
    other: Dataset<readonly [K, W]>,
    options: JoinOptions<'full'>,
  ): Dataset<readonly [key: K, values: readonly [V | undefined, W | undefined]]>
  /**
   * All records in the order of what `by` gives (the record itself where absent), which is synchronous: undefined, null, false, true,
   * numbers, bigints, Dates, strings by code point, arrays by their elements. Equal ones stay in the order of the input. Sorts on
   * disk where memory does not do.
   */
  sort(by?: (record: T) => unknown, options?: { readonly descending?: boolean }): Dataset<T>
  /** Each record once; records are compared as keys are. */
  distinct(): Dataset<T>
  /** Each record with the probability `fraction`; the same ones each time where `seed` and input are the same. */
  sample(fraction: number, options?: { readonly seed?: number }): Dataset<T>
  /** Pairs of records and their places in the order of the input. Keeps the records on the workers' disks meanwhile. */
  zipWithIndex(): Dataset<readonly [record: T, index: number]>
  /** The same records dealt out evenly, in another order. */
  repartition(partitions: number): Dataset<T>
  /** Made once and kept on the workers' disks until the session ends; what is lost of it is made again. */
  cache(): Dataset<T>

  /** All records, in the order of the input (after a shuffle: of partitions). */
  collect(): Promise<T[]>
  /** The same as a stream of bounded memory. Leaving the loop stops the work. */
  iterate(): AsyncIterableIterator<T>
  /** The first `n` records. No more tasks are run than that takes. */
  take(n: number): Promise<T[]>
  count(): Promise<number>
  /** All records made into one; undefined where there is none. `fn` is synchronous and must not mind how they are grouped. */
  reduce(fn: (left: T, right: T) => T): Promise<T | undefined>
  /** The `n` records for which `by`, which is synchronous, is highest, highest first. */
  top(n: number, by: (record: T) => number): Promise<T[]>
  /** What will be run: plan, stages, sizes of inputs and how stages exchange records. */
  explain(): Promise<string>

  /**
   * Writes each record as a line (`String(record)`), a file for each task, into the directory `to`: a path of the driver's machine,
   * `volume://name/path` or `s3://bucket/prefix`. All or nothing: the directory appears once all is written; in S3 the objects
   * do, and last a manifest `_SUCCESS`. What is there already is refused unless `overwrite` is said.
   */
  writeText(to: string, options?: WriteOptions): Promise<WriteResult>
  /** The same, each record as JSON. */
  writeJsonLines(to: string, options?: WriteOptions): Promise<WriteResult>
  /** The same as CSV. Records are objects, or arrays of fields (with `header: false` or `columns`). */
  writeCsv(to: string, options?: WriteCsvOptions): Promise<WriteResult>
  /** The same as Parquet (Snappy). Records are objects. */
  writeParquet(to: string, options?: WriteParquetOptions): Promise<WriteResult>
}

/** Text of files. A record is a piece of a file, cut between lines; how large is not promised beyond the block size. */
export interface TextDataset extends Dataset<string> {
  /** A record is a whole file. */
  wholeFiles(): Dataset<string>
  /** A record is a whole file of any kind: its bytes, and where they are from. */
  binaryFiles(): Dataset<BinaryFile>
  /** A record is a line, without its end. */
  lines(): Dataset<string>
  /** A record is what a line says in JSON. Blank lines are left out. */
  jsonLines<T = unknown>(options?: MalformedOptions): Dataset<T>
  /** A record is a row, named by the first one of each file unless `header` says otherwise. */
  csv<T = Record<string, string>>(options?: CsvOptions): Dataset<T>
  /** A record is a row of a Parquet file. What is left out as malformed is a row group. */
  parquet<T = Record<string, unknown>>(
    options?: MalformedOptions & { readonly columns?: readonly string[] },
  ): Dataset<T>
  /** A record is a row of an Arrow file or stream. */
  arrow<T = Record<string, unknown>>(): Dataset<T>
}

export interface BinaryFile {
  /** As the driver names it, or its URI. */
  readonly path: string
  readonly bytes: Uint8Array
}

/** The part of an `apache-arrow` table that is spoken of here; it is one. */
export interface ArrowTable extends Iterable<unknown> {
  readonly numRows: number
  getChild(name: string): Iterable<unknown> | null
}

export interface ShuffleOptions {
  /** Into how many partitions records are cut. Found from the size of the input where absent. */
  readonly partitions?: number
}

export interface JoinOptions<How extends JoinHow = JoinHow> extends ShuffleOptions {
  /** Which keys that one side alone has stay in, with undefined for the other: of neither, the left, the right, or both. */
  readonly how?: How
  /**
   * Sends the other side whole to each worker (inner and left joins). Where absent that is done for inputs up to 4 MiB.
   */
  readonly broadcast?: boolean
}

export interface MalformedOptions {
  /** Whether a malformed record fails the work (default), or is left out, counted and told as a warning. */
  readonly malformed?: 'fail' | 'skip'
}

export interface CsvOptions extends MalformedOptions {
  /** Default `,`. One character. */
  readonly delimiter?: string
  /** True (default): the first row names the columns. False: records are arrays. Names: they are those of the columns. */
  readonly header?: boolean | readonly string[]
  /** Columns that are not strings. Empty fields of these are null. */
  readonly types?: Readonly<Record<string, 'string' | 'number' | 'boolean'>>
}

export interface WriteOptions {
  /** Replaces what is there. Default false. */
  readonly overwrite?: boolean
  /** For `s3://` URIs. */
  readonly s3?: S3Options
}

export interface WriteCsvOptions extends WriteOptions {
  readonly delimiter?: string
  /** Whether each file begins with the names of its columns. Default true. */
  readonly header?: boolean
  /** Which properties are written, in which order. Those of each file's first record where absent. */
  readonly columns?: readonly string[]
}

export interface WriteParquetOptions extends WriteOptions {
  /** Default 100,000, or less where rows are large. */
  readonly rowGroupRows?: number
  /**
   * What columns hold. Those that are not named are found from the first row group of each file: numbers are doubles, bigints 64-bit
   * integers, Dates timestamps, objects and arrays JSON.
   */
  readonly types?: Readonly<Record<string, ParquetType>>
}

export interface WriteResult {
  /** Paths or URIs of what was written, in order. */
  readonly files: readonly string[]
  readonly rows: number
  readonly bytes: number
}
