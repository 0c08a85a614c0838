import { groupResourceOf } from '../resource-type.ts'
import type { ResourceType } from '../resource-type.ts'
import { batchCells } from './batch.ts'
import { coreCells } from './core.ts'
import type { CellFunctions, Column, Columns } from './column.ts'
import { COLUMNS, CREATED, NAME } from './definitions.ts'
import type { ColumnFacts } from './definitions.ts'
import { otherCells } from './others.ts'
import { podCells } from './pod.ts'
import { workloadCells } from './workloads.ts'

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
