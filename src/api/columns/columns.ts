import type { KubeObject } from '../object.ts'
import { groupResourceOf } from '../resource-type.ts'
import type { ResourceType } from '../resource-type.ts'
import { batchCells } from './batch.ts'
import { coreCells } from './core.ts'
import { COLUMNS, CREATED, NAME } from './definitions.ts'
import type { ColumnFacts } from './definitions.ts'
import { otherCells } from './others.ts'
import { podCells } from './pod.ts'
import { workloadCells } from './workloads.ts'

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

const CELLS: CellFunctions = { pods: podCells, ...workloadCells, ...batchCells, ...coreCells, ...otherCells }

/** A column with all that a Table says of it. */
export function columnOf(facts: ColumnFacts): Column {
  return { type: 'string', format: '', priority: 0, ...facts }
}

/** The columns of a built-in kind; kinds without columns of their own get Name and Created At. */
export function columnsOf(type: ResourceType): Columns {
  const name = type.kind === 'Event' ? 'events' : groupResourceOf(type)
  const [columns, cells] = [COLUMNS[name], CELLS[name]]
  if (columns === undefined || cells === undefined) return genericColumns
  return { columns: columns.map(columnOf), cells: (object, nowMs) => cells(object as never, nowMs) }
}

const genericColumns: Columns = {
  columns: [NAME, CREATED].map(columnOf),
  cells: ({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? null],
}
