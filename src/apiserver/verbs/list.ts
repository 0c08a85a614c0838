import type { ListMeta } from '../../api/generated/meta-v1.ts'
import { apiError } from '../../api/meta/status.ts'
import type { KubeObject, ObjectList } from '../../api/object.ts'
import { apiVersionOf } from '../../api/resource-type.ts'
import type { ListOptions } from '../../client/client.ts'
import type { Entry, Snapshot } from '../../store/store.ts'
import { isComponent, listComponents } from '../components/component-statuses.ts'
import { isMeasured, listMeasured } from '../usage/measured-objects.ts'
import { authorize } from './authorization.ts'
import type { ContinueToken } from './continue-token.ts'
import { continueExpired, decodeContinue, encodeContinue } from './continue-token.ts'
import { convertsByWebhook, fetchServed, toServed } from './conversion.ts'
import type { Engine } from './engine.ts'
import { caughtUp, listRevision } from './get.ts'
import type { CollectionTarget, RequestContext } from './request.ts'
import type { Selection } from './selection.ts'
import { parseSelection, selectedFields } from './selection.ts'

/** One page of a list, or all of it, at one revision. */
export async function list(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget,
  options: ListOptions = {},
): Promise<ObjectList> {
  authorize(engine, context, 'list', { ...target, ...selectedFields(target.resource, options) })
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
  const selection = parseSelection(target.resource, options)
  if (isMeasured(target)) return await listMeasured(engine, target, selection)
  if (isComponent(target)) return await listComponents(engine, selection)
  const from = options.continue ? decodeContinue(options.continue) : undefined
  checkOptions(options)
  const wanted = from?.revision ?? listRevision(options.resourceVersion)
  if (wanted > engine.store.durable().revision) {
    // One object by its name, at exactly one version, is read from the store, and so are events.
    const isOne = selection.name !== undefined && options.resourceVersionMatch === 'Exact'
    await caughtUp(engine, context, wanted, !isOne && target.resource.storage !== 'events')
  }
  const snapshot = from === undefined ? snapshotFor(engine, options, wanted) : snapshotOf(engine, from)
  // What may be of any version comes whole.
  const limit = options.resourceVersion === '0' ? 0 : (options.limit ?? 0)
  const page = pageOf(target, snapshot, await inServedForm(engine, target, snapshot, selection), from, limit)
  const fetching = fetchServed(engine, target.resource, page.items)
  if (fetching !== undefined) await fetching
  return { ...page, items: page.items.map((item) => toServed(target.resource, item)) }
}

/** A selection by fields that a webhook has to convert first: everything that may be selected is converted. */
async function inServedForm(
  engine: Engine,
  { resource, namespace }: CollectionTarget,
  snapshot: Snapshot,
  selection: Selection,
): Promise<Selection> {
  if (!selection.isByContent || !convertsByWebhook(resource)) return selection
  const prefix = namespace === undefined ? {} : { prefix: `${namespace}/` }
  const all = [...snapshot.list(resource.storage, prefix)].map(({ object }) => object)
  await fetchServed(engine, resource, all)
  return { ...selection, matches: (object) => selection.matches(toServed(resource, object)) }
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
    // Whether what follows is selected is for the next page to find out.
    if (limit > 0 && items.length === limit) return { items, passed, last }
    if (!selection.matches(entry.object)) {
      passed++
      continue
    }
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

/** A page has the version of its list. */
function checkOptions({ continue: token, resourceVersion: version }: ListOptions): void {
  if (token && version !== undefined && version !== '' && version !== '0') {
    throw apiError('BadRequest', 'specifying resource version is not allowed when using continue')
  }
}
