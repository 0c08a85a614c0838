import type { ListMeta } from '../../api/generated/meta-v1.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { forbidden, notSupported } from '../../api/meta/field-error.ts'
import { apiError } from '../../api/meta/status.ts'
import type { KubeObject, ObjectList } from '../../api/object.ts'
import { apiVersionOf } from '../../api/resource-type.ts'
import type { ListOptions } from '../../client/client.ts'
import type { Entry, Snapshot } from '../../store/store.ts'
import { isMeasured, listMeasured } from '../usage/measured-objects.ts'
import { authorize } from './authorization.ts'
import type { ContinueToken } from './continue-token.ts'
import { continueExpired, decodeContinue, encodeContinue } from './continue-token.ts'
import { fetchServed, toServed } from './conversion.ts'
import type { Engine } from './engine.ts'
import { invalidOptions } from './failure.ts'
import { caughtUp, parseRevision } from './get.ts'
import type { CollectionTarget, RequestContext } from './request.ts'
import type { Selection } from './selection.ts'
import { parseSelection } from './selection.ts'

/** One page of a list, or all of it, at one revision. */
export async function list(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget,
  options: ListOptions = {},
): Promise<ObjectList> {
  authorize(engine, context, 'list', target)
  context.signal?.throwIfAborted()
  return listObjects(engine, context, target, options)
}

/** A list for whoever has been authorized already. */
export async function listObjects(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget,
  options: ListOptions,
): Promise<ObjectList> {
  checkOptions(options)
  const selection = parseSelection(target.resource, options)
  if (isMeasured(target)) return await listMeasured(engine, target, selection)
  const from = options.continue ? decodeContinue(options.continue) : undefined
  const wanted = from?.revision ?? parseRevision(options.resourceVersion)
  if (wanted > engine.store.durable().revision) await caughtUp(engine, context, wanted)
  const snapshot = from === undefined ? snapshotFor(engine, options, wanted) : snapshotOf(engine, from)
  const page = pageOf(target, snapshot, selection, from, options.limit ?? 0)
  const fetching = fetchServed(engine, target.resource, page.items)
  if (fetching !== undefined) await fetching
  return { ...page, items: page.items.map((item) => toServed(target.resource, item)) }
}

/** What one page holds: the objects as they are stored, and the last key where there are more. */
interface Page {
  readonly items: KubeObject[]
  readonly passed: number
  readonly last: string | undefined
}

function pageOf(
  target: CollectionTarget,
  snapshot: Snapshot,
  selection: Selection,
  from: ContinueToken | undefined,
  limit: number,
): ObjectList {
  const { type, storage, listKind } = target.resource
  const prefix = target.namespace === undefined ? undefined : `${target.namespace}/`
  const page = collect(candidates(target, snapshot, selection, from), selection, limit)
  const metadata: { -readonly [K in keyof ListMeta]: ListMeta[K] } = { resourceVersion: String(snapshot.revision) }
  if (page.last !== undefined) {
    const passed = (from?.passed ?? 0) + page.passed
    metadata.continue = encodeContinue({ revision: snapshot.revision, after: page.last, passed })
    if (selection.all) metadata.remainingItemCount = Math.max(snapshot.count(storage, prefix) - passed, 1)
  }
  // Kubernetes' lists of custom resources are written from a map, so that the empty token shows.
  if (target.resource.definition !== undefined) metadata.continue ??= ''
  return { apiVersion: apiVersionOf(type), kind: listKind, metadata, items: page.items }
}

function candidates(
  target: CollectionTarget,
  snapshot: Snapshot,
  selection: Selection,
  from: ContinueToken | undefined,
): Iterable<Entry> {
  const { storage, type } = target.resource
  if (selection.name !== undefined && (target.namespace !== undefined || !type.namespaced)) {
    const key = target.namespace === undefined ? selection.name : `${target.namespace}/${selection.name}`
    const entry = snapshot.get(storage, key)
    return entry === undefined || (from !== undefined && key <= from.after) ? [] : [entry]
  }
  return snapshot.list(storage, {
    ...(target.namespace === undefined ? {} : { prefix: `${target.namespace}/` }),
    ...(from === undefined ? {} : { after: from.after }),
  })
}

function collect(entries: Iterable<Entry>, selection: Selection, limit: number): Page {
  const items: KubeObject[] = []
  let passed = 0
  let last: string | undefined
  for (const entry of entries) {
    if (!selection.matches(entry.object)) {
      passed++
      continue
    }
    if (limit > 0 && items.length === limit) return { items, passed, last }
    items.push(entry.object)
    last = entry.key
    passed++
  }
  return { items, passed, last: undefined }
}

function snapshotFor(engine: Engine, options: ListOptions, revision: number): Snapshot {
  const durable = engine.store.durable()
  if (options.resourceVersionMatch !== 'Exact' || revision === durable.revision) return durable
  const past = engine.store.at(revision)
  if (past !== undefined) return past
  throw apiError('Expired', 'The resourceVersion for the provided list is too old.')
}

function snapshotOf(engine: Engine, token: ContinueToken): Snapshot {
  const durable = engine.store.durable()
  if (token.revision === 0 || token.revision === durable.revision) return durable
  const past = engine.store.at(token.revision)
  if (past === undefined) throw continueExpired(token)
  return past
}

/** The combinations that Kubernetes forbids. */
function checkOptions(options: ListOptions): void {
  const match = options.resourceVersionMatch
  const version = options.resourceVersion ?? ''
  if (options.continue && version !== '' && version !== '0') {
    throw apiError('BadRequest', 'specifying resource version is not allowed when using continue')
  }
  if (match === undefined) return
  const error = matchError(match, version, options)
  if (error !== undefined) throw invalidOptions('ListOptions', [error])
}

function matchError(match: string, version: string, options: ListOptions): FieldError | undefined {
  const field = 'resourceVersionMatch'
  if (version === '') return forbidden(field, `${field} is forbidden unless resourceVersion is provided`)
  if (options.continue) return forbidden(field, `${field} is forbidden when continue is provided`)
  if (match !== 'Exact' && match !== 'NotOlderThan') return notSupported(field, match, ['Exact', 'NotOlderThan', ''])
  if (match === 'Exact' && version === '0')
    return forbidden(field, `${field} "exact" is forbidden for resourceVersion "0"`)
  return undefined
}
