import type { CustomResourceDefinition } from '../generated/apiextensions-v1.ts'
import { ageOf } from '../meta/duration.ts'
import type { KubeObject } from '../object.ts'
import { AGE, NAME } from './definitions.ts'
import { columnOf } from './columns.ts'
import type { Cell, Column, Columns } from './columns.ts'

type Version = NonNullable<CustomResourceDefinition['spec']['versions']>[number]
type CustomColumn = NonNullable<Version['additionalPrinterColumns']>[number]

/** The columns that a definition names for a version; Name and Age where it names none. */
export function customColumns(columns: readonly CustomColumn[] = []): Columns {
  if (columns.length === 0)
    return { columns: [NAME, { ...AGE, type: 'date' as const }].map(columnOf), cells: nameAndAge }
  return {
    columns: [columnOf(NAME), ...columns.map(describe)],
    cells: (object, nowMs) => [object.metadata.name ?? '', ...columns.map((one) => cellOf(object, one, nowMs))],
  }
}

const nameAndAge = ({ metadata }: KubeObject, nowMs: number): readonly Cell[] => [
  metadata.name ?? '',
  ageOf(metadata.creationTimestamp, nowMs),
]

function describe({ name, type, format = '', description, jsonPath, priority = 0 }: CustomColumn): Column {
  const text = description || `Custom resource definition column (in JSONPath format): ${jsonPath}`
  return { name, type: type as Column['type'], format, description: text, priority }
}

function cellOf(object: KubeObject, { jsonPath, type }: CustomColumn, nowMs: number): Cell {
  const value = readPath(object, jsonPath)
  if (value === undefined || value === null) return type === 'date' ? '<unknown>' : null
  if (type === 'date') return ageOf(String(value), nowMs)
  if (type === 'integer' || type === 'number') return typeof value === 'number' ? value : null
  if (type === 'boolean') return typeof value === 'boolean' ? value : null
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Simple JSONPath: fields, quoted fields, indexes and `[?(@.type=="Ready")]`. */
function readPath(object: unknown, path: string): unknown {
  const step =
    /\.([\w-]+(?:\\\.[\w/-]+)*)|\[['"]([^'"]+)['"]\]|\[(\d+)\]|\[\?\(@\.([\w.]+)\s*==\s*['"]([^'"]*)['"]\)\]/g
  let value = object
  for (const [, name, quoted, index, field, wanted] of path.matchAll(step)) {
    if (value === undefined || value === null) return undefined
    if (field !== undefined) {
      const list: readonly unknown[] = Array.isArray(value) ? value : []
      value = list.find((item) => readPath(item, `.${field}`) === wanted)
    } else value = (value as Record<string, unknown>)[index ?? quoted ?? (name ?? '').replaceAll('\\.', '.')]
  }
  return value
}
