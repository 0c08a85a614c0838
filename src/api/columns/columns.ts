import { convert } from '../conversion/convert.ts'
import { COLUMNS, GENERIC_COLUMNS } from '../generated/columns.ts'
import { BUILT_IN_RESOURCES } from '../generated/resources.ts'
import type { KubeObject } from '../object.ts'
import { groupResourceOf } from '../resource-type.ts'
import type { ResourceType } from '../resource-type.ts'
import { admissionCells } from './admission.ts'
import { autoscalingCells } from './autoscaling.ts'
import { batchCells } from './batch.ts'
import type { CellFunctions, Column, ColumnFacts, Columns } from './column.ts'
import { coreCells } from './core.ts'
import { networkCells } from './network.ts'
import { otherCells } from './others.ts'
import { podCells, podConditions } from './pod.ts'
import { storageCells } from './storage.ts'
import { workloadCells } from './workloads.ts'

const CELLS: CellFunctions = {
  pods: podCells,
  ...workloadCells,
  ...batchCells,
  ...coreCells,
  ...networkCells,
  ...storageCells,
  ...autoscalingCells,
  ...admissionCells,
  ...otherCells,
}

/** A column with all that a Table says of it. */
export function columnOf(facts: ColumnFacts): Column {
  return { type: 'string', format: '', priority: 0, ...facts }
}

/** The columns of a built-in kind; kinds without columns of their own get Name and Created At. */
export function columnsOf(type: ResourceType): Columns {
  const printed = printedType(type)
  const name = groupResourceOf(printed)
  const [columns, cells] = [COLUMNS[name], CELLS[name]]
  if (columns === undefined || cells === undefined) return genericColumns
  return {
    columns: columns.map(columnOf),
    cells: (object, nowMs) => cells(convert(object, type, printed) as never, nowMs),
    ...(name === 'pods' && { conditions: (object) => podConditions(object as never) }),
  }
}

/** Of kinds with several forms, the one whose fields the cells are made of. */
function printedType(type: ResourceType): ResourceType {
  const apiVersion = type.kind === 'Event' ? 'v1' : type.kind === 'HorizontalPodAutoscaler' ? 'v2' : type.version
  const group = type.kind === 'Event' ? '' : type.group
  const isPrinted = (one: ResourceType) =>
    one.kind === type.kind && one.group === group && one.version === apiVersion && one.plural === type.plural
  return isPrinted(type) ? type : (BUILT_IN_RESOURCES.find(isPrinted) ?? type)
}

const genericColumns: Columns = {
  columns: GENERIC_COLUMNS.map(columnOf),
  cells: ({ metadata }: KubeObject) => [metadata.name ?? '', metadata.creationTimestamp ?? null],
}
