import type { Clock } from '../../env/clock.ts'
import { apiError } from '../../api/meta/status.ts'
import type { KubeObject, ObjectList } from '../../api/object.ts'
import { jsonOf } from '../../store/encoding.ts'
import { partialOf, tableOf } from '../tables/table.ts'
import type { IncludeObject } from '../tables/table.ts'
import type { ServedResource } from '../verbs/served-resource.ts'
import type { Accepted } from './accept.ts'
import { sendEncoded, sendJson } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { encodeList } from './list-encoding.ts'
import { sendEncodedList } from './send-list.ts'
import type { EventView } from './watch-stream.ts'

/** What views of objects need: the time that ages are counted to. */
export interface Views {
  readonly clock: Clock
}

const encoder = new TextEncoder()
const encode = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))

/** Sends one object as the client accepts it: its cached bytes, unless a view is asked for. */
export function sendObject(
  exchange: Exchange,
  code: number,
  object: KubeObject,
  resource: ServedResource,
  accepted: Accepted,
  views: Views,
): Promise<void> {
  if (accepted.as === undefined || object.kind === 'Status')
    return sendEncoded(exchange, code, jsonOf(object), accepted)
  if (accepted.as === 'PartialObjectMetadataList') {
    const what = `the requested object is not a list (${goType(resource)})`
    throw apiError('NotAcceptable', `you requested PartialObjectMetadataList, but ${what}`)
  }
  if (accepted.as === 'Table') {
    const { resourceVersion } = object.metadata
    const metadata = resourceVersion === undefined ? {} : { resourceVersion }
    return sendJson(exchange, code, table(exchange, resource, [object], metadata, accepted, views), accepted)
  }
  return sendJson(exchange, code, partialOf(object, metaVersion(accepted)), accepted)
}

export function sendList(
  exchange: Exchange,
  list: ObjectList,
  resource: ServedResource,
  accepted: Accepted,
  views: Views,
): Promise<void> {
  if (accepted.as === undefined) {
    return sendEncodedList(exchange, encodeList(list, resource.definition !== undefined), accepted)
  }
  if (accepted.as === 'Table') {
    return sendJson(exchange, 200, table(exchange, resource, list.items, list.metadata, accepted, views), accepted)
  }
  if (accepted.as === 'PartialObjectMetadata') {
    const what = `the requested object is a list (${goType(resource)}List)`
    throw apiError('NotAcceptable', `you requested PartialObjectMetadata, but ${what}`)
  }
  const apiVersion = metaVersion(accepted)
  const items = list.items.map((item) => partialOf(item, apiVersion))
  const partial = { kind: 'PartialObjectMetadataList', apiVersion, metadata: list.metadata, items }
  return sendJson(exchange, 200, partial, accepted)
}

/** How a watch sends its objects; undefined where they go out as they are. */
export function watchView(exchange: Exchange, resource: ServedResource, accepted: Accepted, views: Views) {
  if (accepted.as === 'Table') return tableView(exchange, resource, accepted, views)
  if (accepted.as === undefined) return undefined
  const apiVersion = metaVersion(accepted)
  return ((object) => encode(partialOf(object, apiVersion))) satisfies EventView
}

function tableView(exchange: Exchange, resource: ServedResource, accepted: Accepted, views: Views): EventView {
  let first = true
  return (object, type) => {
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' }
    // The end of the events of the start has a row, if one of nothing but marks.
    const objects = type === 'BOOKMARK' && object.metadata.annotations === undefined ? [] : [object]
    const view = table(exchange, resource, objects, metadata, accepted, views, !first)
    first = false
    return encode(view)
  }
}

function table(
  exchange: Exchange,
  resource: ServedResource,
  objects: readonly KubeObject[],
  metadata: ObjectList['metadata'],
  accepted: Accepted,
  views: Views,
  withoutColumns = false,
) {
  const includeObject = includeObjectOf(exchange)
  const nowMs = views.clock.now()
  const version = accepted.version ?? 'v1'
  return tableOf({ resource, objects, metadata, includeObject, nowMs, version, withoutColumns })
}

function includeObjectOf({ query }: Exchange): IncludeObject {
  const value = query?.get('includeObject') ?? ''
  if (value === '') return 'Metadata'
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value
  const wanted = "must be 'Metadata', 'Object', 'None', or empty"
  throw apiError(
    'BadRequest',
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: ${wanted}`,
  )
}

/** A kind's type as Go names it in messages. */
function goType({ storageType: type, definition }: ServedResource): string {
  if (definition !== undefined) return '*unstructured.Unstructured'
  return `*${type.group === '' ? 'core' : (type.group.split('.')[0] ?? '')}.${type.kind}`
}

const metaVersion = (accepted: Accepted): string => `meta.k8s.io/${accepted.version ?? 'v1'}`
