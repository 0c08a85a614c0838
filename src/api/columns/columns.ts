import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'

/** A column of `kubectl get`, as a Table's `columnDefinitions` carry it. Priority 0 is shown without `-o wide`. */
export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format: string
  readonly description: string
  readonly priority: number
}

export type Cell = string | number | boolean | null

/** A kind's printed columns and how an object fills them. `nowMs` is the time that ages are counted to. */
export interface Columns {
  readonly columns: readonly Column[]
  cells(object: KubeObject, nowMs: number): readonly Cell[]
}

/** The columns of a built-in kind; kinds without columns of their own get Name and Created At. */
export function columnsOf(type: ResourceType): Columns {
  void type
  throw new Error('not built yet')
}
