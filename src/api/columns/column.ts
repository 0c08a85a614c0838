import type { KubeObject } from '../object.ts'

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

/** How a resource's objects fill their columns; each function takes the type that its key says. */
export type CellFunctions = Readonly<Record<string, (object: never, nowMs: number) => readonly Cell[]>>
