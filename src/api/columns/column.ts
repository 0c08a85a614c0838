import type { KubeObject } from '../object.ts'

/** A column of `kubectl get`, as a Table's `columnDefinitions` carry it. Priority 0 is shown without `-o wide`. */
export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format: string
  readonly description: string
  readonly priority: number
}

/** A column as far as it is special: a string of priority 0 without a format where nothing is said. */
export type ColumnFacts = Pick<Column, 'name' | 'description'> & Partial<Column>

export type Cell = string | number | boolean | null

/** A kind's printed columns and how an object fills them. `nowMs` is the time that ages are counted to. */
export interface Columns {
  readonly columns: readonly Column[]
  cells(object: KubeObject, nowMs: number): readonly Cell[]
  /** What a row says of an object that has ended, so that clients can hide it. */
  conditions?(object: KubeObject): readonly RowCondition[] | undefined
}

/** A condition of a Table's row. */
export interface RowCondition {
  readonly type: 'Completed'
  readonly status: 'True'
  readonly reason: string
  readonly message: string
}

/** How a resource's objects fill their columns; each function takes the type that its key says. */
export type CellFunctions = Readonly<Record<string, (object: never, nowMs: number) => readonly Cell[]>>
