import type { FilesSource } from '../sources/files-source.ts'
import type { Materialized } from './materialized.ts'
import type { JoinHow, Operator } from './plan.ts'

export type AnyFunction = (...args: never[]) => unknown

/** A dataset as it was put together: nothing of it exists until it is asked for. */
export type Node =
  | { readonly kind: 'files'; readonly source: FilesSource }
  | { readonly kind: 'records'; readonly records: readonly unknown[] }
  | { readonly kind: 'stream'; readonly source: Iterable<unknown> | AsyncIterable<unknown> }
  | { readonly kind: 'narrow'; readonly input: Node; readonly operator: Operator<AnyFunction> }
  | { readonly kind: 'countBy'; readonly input: Node; readonly fn: AnyFunction }
  | {
      readonly kind: 'groupBy'
      readonly input: Node
      readonly fn: AnyFunction | 'pair'
      readonly partitions?: number
      /** Records of a key are an iterable, not an array. */
      readonly streamed?: true
    }
  | { readonly kind: 'reduceByKey'; readonly input: Node; readonly fn: AnyFunction; readonly partitions?: number }
  | { readonly kind: 'distinct'; readonly input: Node }
  | {
      readonly kind: 'join'
      readonly input: Node
      readonly other: Node
      readonly how: JoinHow
      readonly broadcast: boolean | undefined
      readonly partitions: number | undefined
    }
  | { readonly kind: 'sort'; readonly input: Node; readonly fn?: AnyFunction; readonly descending: boolean }
  | { readonly kind: 'repartition'; readonly input: Node; readonly partitions: number }
  | { readonly kind: 'zipWithIndex'; readonly input: Node }
  | { readonly kind: 'cache'; readonly input: Node; readonly cell: CacheCell }

/** Where a cached dataset lies once it was made. */
export interface CacheCell {
  made: Promise<Materialized> | undefined
}

/** All functions of a plan: they are shipped before anything is awaited, so that what they capture is what it is now. */
export function functionsIn(node: Node): readonly AnyFunction[] {
  if (node.kind === 'cache' && node.cell.made !== undefined) return []
  const inner = 'input' in node ? functionsIn(node.input) : []
  const other = node.kind === 'join' ? functionsIn(node.other) : []
  const own = node.kind === 'narrow' ? ('fn' in node.operator ? [node.operator.fn] : []) : functionOf(node)
  return [...inner, ...other, ...own]
}

function functionOf(node: Node): readonly AnyFunction[] {
  return 'fn' in node && typeof node.fn === 'function' ? [node.fn] : []
}
