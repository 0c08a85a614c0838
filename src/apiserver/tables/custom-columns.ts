import { ageOf } from '../../api/meta/duration.ts'
import type { Cell, Column, Columns } from '../../api/columns/column.ts'
import type { CustomResourceColumnDefinition, CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ServedResource } from '../verbs/served-resource.ts'
import { evaluatePath, parsePath } from './simple-path.ts'

const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  priority: 0,
}

/** Shown where a definition names no columns. */
const AGE: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
}

const known = new WeakMap<KubeObject, Map<string, Columns>>()

/** The columns of a custom resource, as its definition's `additionalPrinterColumns` give them. */
export function customColumnsOf({ definition, type }: ServedResource): Columns {
  if (definition === undefined) throw new TypeError(`Cannot print "${type.plural}": it has no definition`)
  const byVersion = known.get(definition) ?? new Map<string, Columns>()
  known.set(definition, byVersion)
  const columns =
    byVersion.get(type.version) ?? compile(definition as unknown as CustomResourceDefinition, type.version)
  byVersion.set(type.version, columns)
  return columns
}

function compile(definition: CustomResourceDefinition, version: string): Columns {
  const served = definition.spec.versions.find(({ name }) => name === version)
  const asked = served?.additionalPrinterColumns ?? []
  const compiled = (asked.length === 0 ? [AGE] : asked).map((column) => ({ column, path: parsePath(column.jsonPath) }))
  return {
    columns: [NAME, ...compiled.map(({ column }) => columnOf(column))],
    cells: (object, nowMs) => [
      object.metadata.name ?? '',
      ...compiled.map(({ column, path }) => cellOf(column.type, evaluatePath(path, object)[0], nowMs)),
    ],
  }
}

function columnOf(column: CustomResourceColumnDefinition): Column {
  const description = column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}`
  const type = column.type as Column['type']
  return { name: column.name, type, format: column.format ?? '', description, priority: column.priority ?? 0 }
}

/** A value of another type than the column's is left out, as Kubernetes does. */
function cellOf(type: string, value: unknown, nowMs: number): Cell {
  if (value === undefined || value === null) return null
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return ageOf(typeof value === 'string' ? value : undefined, nowMs)
    default:
      return typeof value === 'string' ? value : JSON.stringify(value)
  }
}
