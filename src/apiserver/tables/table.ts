import { columnsOf } from '../../api/columns/columns.ts'
import { scaleColumns } from '../../api/columns/scale.ts'
import type { Cell, Column, Columns, RowCondition } from '../../api/columns/column.ts'
import type { ListMeta } from '../../api/generated/meta-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ServedResource } from '../verbs/served-resource.ts'
import { customColumnsOf } from './custom-columns.ts'

/** What each row carries beside its cells: `Metadata` is the default. */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** Objects as rows of text, made by the server so that every client prints every kind alike. */
export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: string
  readonly metadata: ListMeta
  readonly columnDefinitions?: readonly Column[] | null
  readonly rows: readonly TableRow[]
}

interface TableRow {
  readonly cells: readonly Cell[]
  readonly conditions?: readonly RowCondition[]
  readonly object?: unknown
}

export interface TableRequest {
  readonly resource: ServedResource
  readonly objects: readonly KubeObject[]
  readonly metadata: ListMeta
  readonly includeObject: IncludeObject
  /** Milliseconds since the epoch that ages are counted to. */
  readonly nowMs: number
  /** `v1`, or `v1beta1` for old clients. */
  readonly version: string
  /** A watch names the columns in its first table only. */
  readonly withoutColumns?: boolean
}

/** The Table of `objects`, in Kubernetes' form. */
export function tableOf(request: TableRequest): Table {
  const isScale = request.objects[0]?.kind === 'Scale' && request.resource.type.kind !== 'Scale'
  const { columns, cells, conditions } = isScale ? scaleColumns : columnsFor(request.resource)
  const apiVersion = `meta.k8s.io/${request.version}`
  return {
    kind: 'Table',
    apiVersion,
    metadata: withoutEmpty(request.metadata),
    columnDefinitions: request.withoutColumns === true ? null : columns,
    rows: request.objects.map((object) => {
      const ended = conditions?.(object)
      return {
        cells: cells(object, request.nowMs),
        ...(ended !== undefined && { conditions: ended }),
        ...rowObject(object, request.includeObject, apiVersion),
      }
    }),
  }
}

/** Lists of custom resources carry an empty `continue`, which their tables do not. */
function withoutEmpty({ continue: token, ...metadata }: ListMeta): ListMeta {
  return token === undefined || token === '' ? metadata : { ...metadata, continue: token }
}

function columnsFor(resource: ServedResource): Columns {
  return resource.definition === undefined ? columnsOf(resource.type) : customColumnsOf(resource)
}

function rowObject(object: KubeObject, include: IncludeObject, apiVersion: string): { readonly object?: unknown } {
  if (include === 'None') return { object: null }
  return { object: include === 'Object' ? object : partialOf(object, apiVersion) }
}

/** An object's metadata alone, as a PartialObjectMetadata. */
export function partialOf(object: KubeObject, apiVersion = 'meta.k8s.io/v1') {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata }
}
