import type { ShippedFunction } from '../wire/shipped.ts'

/** What each record goes through on the worker, in order. */
export type Operator<F> =
  | { readonly kind: 'map'; readonly fn: F }
  | { readonly kind: 'flatMap'; readonly fn: F }
  | { readonly kind: 'filter'; readonly fn: F }
  /** Texts into the lines in them, without their ends. */
  | { readonly kind: 'lines' }

/** What becomes of the records at the end of the pipeline. */
export type Sink<F> =
  | { readonly kind: 'collect' }
  | { readonly kind: 'count' }
  | { readonly kind: 'countBy'; readonly fn: F }
  | { readonly kind: 'reduce'; readonly fn: F }
  | { readonly kind: 'top'; readonly n: number; readonly fn: F }

/** All operators of a stage, fused: one pass over the records, nothing held between two operators. */
export interface Pipeline<F = ShippedFunction> {
  /** What the tasks' payloads hold: ranges of text, or records. */
  readonly input: 'text' | 'records'
  /** A text of a task is cut at line ends into records of at most so many bytes; absent: each range is one record. */
  readonly recordBytes?: number
  readonly operators: readonly Operator<F>[]
  readonly sink: Sink<F>
}
