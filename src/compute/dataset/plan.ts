import type { ParquetType } from '../sinks/parquet-columns.ts'
import type { ShippedFunction } from '../wire/shipped.ts'

/** What each record goes through on the worker, in order. `F` is a function: the user's, its shipment, or revived. */
export type Operator<F = ShippedFunction> =
  | { readonly kind: 'map'; readonly fn: F; readonly concurrency?: number }
  | { readonly kind: 'flatMap'; readonly fn: F }
  | { readonly kind: 'filter'; readonly fn: F }
  | { readonly kind: 'mapBatches'; readonly fn: F; readonly size: number; readonly arrow: boolean }
  /** Records into pairs of what the function gives for them and themselves. */
  | { readonly kind: 'keyBy'; readonly fn: F }
  /** The values of pairs, their keys kept. */
  | { readonly kind: 'mapValues'; readonly fn: F }
  /** Keys with iterables of their records into what the function gives for both. */
  | { readonly kind: 'mapGroups'; readonly fn: F }
  | { readonly kind: 'flatMapGroups'; readonly fn: F }
  /** Texts into the lines in them, without their ends. */
  | { readonly kind: 'lines' }
  | { readonly kind: 'jsonLines'; readonly malformed: 'fail' | 'skip' }
  | { readonly kind: 'csv'; readonly options: CsvFormat }
  /** Each record with this probability. */
  | { readonly kind: 'sample'; readonly fraction: number; readonly seed: number }
  /** Pairs of records and their places, counted on from where the task begins. */
  | { readonly kind: 'index' }
  /** Pairs joined with a table that every worker has: pairs in the form of `encodeValues`. */
  | { readonly kind: 'broadcastJoin'; readonly how: 'inner' | 'left'; readonly table: Uint8Array }

export interface CsvFormat {
  readonly delimiter: string
  /** The names of the columns; absent: records are arrays of fields. */
  readonly columns?: readonly string[]
  /** The first record of each file names the columns. */
  readonly header: boolean
  readonly types: Readonly<Record<string, CsvType>>
  readonly malformed: 'fail' | 'skip'
}

export type CsvType = 'string' | 'number' | 'boolean'

export type JoinHow = 'inner' | 'left' | 'right' | 'full'

/** How the parts of a partition become records again. */
export type Merge<F = ShippedFunction> =
  | { readonly kind: 'concat' }
  /** Keys with arrays of their records. */
  | { readonly kind: 'group' }
  /** Keys with iterables of their records. */
  | { readonly kind: 'groups' }
  | { readonly kind: 'reduce'; readonly fn: F }
  | { readonly kind: 'count' }
  | { readonly kind: 'distinct' }
  | { readonly kind: 'join'; readonly how: JoinHow }
  | { readonly kind: 'sort'; readonly descending: boolean }

/** What the payloads of a stage's tasks hold. */
export type Input<F = ShippedFunction> =
  /** Ranges of text. A text is cut at line ends into records of at most so many bytes; absent: each range is one record. */
  | { readonly kind: 'text'; readonly recordBytes?: number }
  /** Files, each as its path and its bytes. */
  | { readonly kind: 'binary' }
  | { readonly kind: 'records' }
  /** Where parts of other workers lie. */
  | { readonly kind: 'parts'; readonly merge: Merge<F> }
  /** Row groups of Parquet files. */
  | { readonly kind: 'parquet'; readonly columns?: readonly string[]; readonly malformed: 'fail' | 'skip' }
  /** Record batches of Arrow files. */
  | { readonly kind: 'arrow' }

/** Which rows go where in a shuffle. */
export type Exchange<F = ShippedFunction> =
  /** By the hash of a key; where values of one key can be made one, that is done before they travel. */
  | {
      readonly kind: 'hash'
      readonly partitions: number
      /** `pair`: records are pairs of key and value. `self`: the record is the key and has no value. */
      readonly key: 'pair' | 'self' | F
      readonly combine?: 'count' | F
    }
  /** By what lies between the encoded keys `splitters`; the key is the record where there is no function. */
  | { readonly kind: 'range'; readonly splitters: readonly Uint8Array[]; readonly by?: F; readonly descending: boolean }
  /** Evenly, whatever they are. */
  | { readonly kind: 'even'; readonly partitions: number }
  /** All into the task's one part. */
  | { readonly kind: 'store' }

/** What becomes of the records at the end of the pipeline. */
export type Sink<F = ShippedFunction> =
  | { readonly kind: 'collect'; readonly limit?: number }
  | { readonly kind: 'count' }
  | { readonly kind: 'countBy'; readonly fn: F }
  | { readonly kind: 'reduce'; readonly fn: F }
  | { readonly kind: 'top'; readonly n: number; readonly fn: F }
  /** Encoded sort keys of some records, for finding splitters. */
  | { readonly kind: 'sampleKeys'; readonly by?: F; readonly most: number }
  | { readonly kind: 'shuffle'; readonly name: string; readonly exchange: Exchange<F>; readonly compress: boolean }
  | { readonly kind: 'write'; readonly format: WriteFormat; readonly target: WriteTarget }

export type WriteFormat =
  | { readonly kind: 'text' }
  | { readonly kind: 'jsonLines' }
  | { readonly kind: 'csv'; readonly delimiter: string; readonly header: boolean; readonly columns?: readonly string[] }
  | {
      readonly kind: 'parquet'
      readonly rowGroupRows: number
      readonly types?: Readonly<Record<string, ParquetType>>
    }

/** Where written files go until they are committed. */
export type WriteTarget =
  /** A directory of the driver's, with a file in it by which a worker knows that it sees the same one. */
  | { readonly kind: 'directory'; readonly staging: string; readonly proof: string; readonly extension: string }
  /** Each task is given addresses to upload to. */
  | { readonly kind: 'upload' }

/** All operators of a stage, fused: one pass over the records, nothing held between two operators. */
export interface Pipeline<F = ShippedFunction> {
  readonly input: Input<F>
  readonly operators: readonly Operator<F>[]
  readonly sink: Sink<F>
}

/** The same pipeline with each of its functions replaced. */
export function mapFunctions<F, G>(pipeline: Pipeline<F>, to: (fn: F) => G): Pipeline<G> {
  return {
    input: mapInput(pipeline.input, to),
    operators: pipeline.operators.map((operator) =>
      'fn' in operator ? { ...operator, fn: to(operator.fn) } : operator,
    ) as Operator<G>[],
    sink: mapSink(pipeline.sink, to),
  }
}

function mapInput<F, G>(input: Input<F>, to: (fn: F) => G): Input<G> {
  if (input.kind !== 'parts') return input
  const { merge } = input
  return { ...input, merge: merge.kind === 'reduce' ? { ...merge, fn: to(merge.fn) } : merge }
}

function mapSink<F, G>(sink: Sink<F>, to: (fn: F) => G): Sink<G> {
  if ('fn' in sink) return { ...sink, fn: to(sink.fn) }
  if (sink.kind === 'shuffle') return { ...sink, exchange: mapExchange(sink.exchange, to) }
  if (sink.kind !== 'sampleKeys') return sink
  const { by, ...rest } = sink
  return by === undefined ? rest : { ...rest, by: to(by) }
}

function mapExchange<F, G>(exchange: Exchange<F>, to: (fn: F) => G): Exchange<G> {
  if (exchange.kind === 'range') {
    const { by, ...rest } = exchange
    return by === undefined ? rest : { ...rest, by: to(by) }
  }
  if (exchange.kind !== 'hash') return exchange
  const { key, combine, ...rest } = exchange
  const own = { ...rest, key: key === 'pair' || key === 'self' ? key : to(key as F) } as Exchange<G>
  if (combine === undefined) return own
  return { ...own, combine: combine === 'count' ? combine : to(combine as F) } as Exchange<G>
}

/** The functions of a pipeline, in order. */
export function functionsOf<F>(pipeline: Pipeline<F>): readonly F[] {
  const found: F[] = []
  mapFunctions(pipeline, (fn) => void found.push(fn))
  return found
}
